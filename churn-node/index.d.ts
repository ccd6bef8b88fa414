/// <reference types="node" />

/**
 * One customer: header -> value. `undefined`, `null`, `NaN` and infinities are missing; a `Date` (or anything else
 * with a `toJSON`) is what that says; a `bigint` is a number where it fits 64 bits and text otherwise. Headers may be
 * anything: they are mapped.
 */
export type CustomerRecord = object

/** Columns by name: each a list of values, or a typed array; all of one length. */
export type Columns = Readonly<Record<string, readonly unknown[] | NumberColumn>>

/** A column of numbers. */
export type NumberColumn =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | BigInt64Array
  | BigUint64Array

/**
 * A table of customers: the path of a file; the content of a file (CSV, JSON, Arrow IPC, ...) as bytes, a `Blob`, or a
 * stream of its chunks; a list, or a stream, of records; or columns by name.
 *
 * What is given as a value is copied: up to 200 records and 2 MB of bytes before the call returns, larger tables a
 * piece a turn of the event loop, so leave those alone until the Promise settles. For large tables a path is quickest.
 */
export type Table =
  | string
  | Uint8Array
  | readonly CustomerRecord[]
  | Columns
  | AsyncIterable<Uint8Array | string | CustomerRecord>
  | { readonly stream: () => AsyncIterable<Uint8Array> | ReadableStreamLike }
  | ReadableStreamLike

/** A web stream. */
export interface ReadableStreamLike {
  getReader(): { read(): Promise<{ done: boolean; value?: unknown }>; releaseLock(): void }
}

/** How far a call is. */
export interface Progress {
  /** What is being done. */
  stage: string
  /** Steps done. */
  done: number
  /** Steps in all. */
  total: number
}

/** The options of every call that returns a Promise. */
export interface CallOptions {
  /**
   * Stops the call: it rejects at once with the error `cancelled` (whose `name` is `AbortError`), and the work ends at
   * its next step.
   */
  signal?: AbortSignal | null | undefined
  /** Hears how far the call is, up to 20 times a second and once at the end. What it throws stops and rejects the call. */
  onProgress?: ((progress: Progress) => void) | null | undefined
}

/** Source column -> canonical field, or `null` for "leave it unmapped". */
export type Overrides = Readonly<Record<string, string | null | undefined>>

/** An industry profile: the name of a shipped one (`'saas'`, `'telecom'`, `'generic'`), or one's own as TOML text. */
export type Profile = string | { readonly toml: string }

/** Codes of errors; they never change their meaning. More may come. */
export type ErrorCode =
  | 'invalid_argument'
  | 'unsupported'
  | 'internal'
  | 'cancelled'
  | 'io'
  | 'malformed'
  | 'encoding'
  | 'empty_input'
  | 'too_large'
  | 'field_unmapped'
  | 'wrong_type'
  | 'out_of_range'
  | 'leakage'
  | 'single_class'
  | 'feature_missing'
  | 'model_not_found'
  | 'format_unsupported'
  | 'hash_mismatch'
  | 'model_invalid'
  | 'too_few_rows'

/** What every call throws, or rejects with: `catch (e) { const error = e as ChurnError }`. */
export interface ChurnError extends Error {
  /** What went wrong; stable. */
  code: ErrorCode
  /** The same as a number; stable. */
  number: number
  /** How to mend it, where that is known. */
  hint: string | null
  /** Machine-readable facts: `path`, `row`, `column`, `argument` and the like. */
  context: Record<string, string>
}

/** The options that all scoring calls take. */
export interface RecordOptions {
  /** Number of reasons, 0 to 4; 3 where not given. */
  reasons?: number | null | undefined
  /** What columns mean, where the mapping does not see it. */
  overrides?: Overrides | null | undefined
  /** The day the rows describe (ISO 8601), where they have no snapshot date; the day of `scoredAt` where not given. */
  asOf?: string | Date | null | undefined
  /** When it is scored (ISO 8601); now, where not given. */
  scoredAt?: string | Date | null | undefined
}

/** The options of `Engine.scoreOne`. */
export interface ScoreOneOptions extends RecordOptions, CallOptions {}

/** The options of `Engine.score` and `Engine.scoreFile`. */
export interface ScoreOptions extends ScoreOneOptions {
  /** How to read the table. */
  read?: ReadOptions | null | undefined
  /** A mapping that an earlier call gave; mapped anew where not given. */
  mapping?: Mapping | null | undefined
}

/** The options of `Engine.explain`. */
export interface ExplainOptions extends ScoreOptions {
  /** Customers to explain against (interventional values): the base value is their mean. */
  background?: Table | null | undefined
}

/** The options of `Engine.importModel`. */
export interface ImportOptions {
  /** Name of the model. */
  name?: string | null | undefined
  /** Version of the model; `1.0.0` where not given. */
  version?: string | null | undefined
  /** Profile; `generic` where not given. */
  profile?: Profile | null | undefined
  /** Rounds of boosting to keep, from the first; what the library's own prediction uses where not given. */
  iterations?: number | bigint | null | undefined
  /** One name for each feature, in their order, where the file has none (`f0`, `f1`). */
  featureNames?: readonly string[] | null | undefined
}

/** The options of `Engine.evaluate` and `Engine.calibrate`. */
export interface EvaluateOptions extends CallOptions {
  /** How to read the table. */
  read?: ReadOptions | null | undefined
  /** Source column of the label; the one recognised where not given. */
  label?: string | null | undefined
  /** The day the rows describe (ISO 8601), where they have no snapshot date. */
  asOf?: string | Date | null | undefined
}

/** The options of `Engine.train`. */
export interface TrainOptions extends EvaluateOptions {
  /** Profile; recognised where not given. */
  profile?: Profile | null | undefined
  /** `'auto'`, `'boosting'`, `'additive'`, `'forest'`, `'logistic'`; `'auto'` where not given. */
  learner?: string | null | undefined
  /** Column of the day that a row describes: quality is then measured on later days. */
  time?: string | null | undefined
  /** Column of the customer or account that rows belong to: it is never on both sides of a split. */
  group?: string | null | undefined
  /** Column of weights, 0 or more. */
  weights?: string | null | undefined
  /** Expert scorecard to start from, `'saas'` or `'telecom'`; its estimated weight stands in the card. Few rows are enough then. */
  prior?: string | null | undefined
  /** Work that choosing a model may cost, in seconds of a usual machine; counted, never timed. 10 where not given. */
  timeBudget?: number | null | undefined
  /** Seed of everything random; 0 where not given. */
  seed?: number | bigint | null | undefined
  /** Columns to let through the leak check. */
  allow?: readonly string[] | null | undefined
  /** What columns mean, where the mapping does not see it. */
  overrides?: Overrides | null | undefined
  /** Name of the model; the profile's where not given. */
  name?: string | null | undefined
  /** Version of the model; `1.0.0` where not given. */
  version?: string | null | undefined
  /** What churned means, for a table of `buildTrainingSet`. */
  definition?: ChurnDefinition | null | undefined
  /** How its features were made. */
  settings?: EventSettings | null | undefined
}

/** How to read a table; what is not given is recognised, and what is given is not judged. */
export interface ReadOptions {
  /** Cell delimiter of a text file. */
  delimiter?: string | null | undefined
  /** The character around cells of a text file. */
  quote?: string | null | undefined
  /** What stands before a quote inside quotes: a backslash, or the quote itself (doubled). */
  escape?: string | null | undefined
  /** Character encoding by its WHATWG label, for example `windows-1252`. */
  encoding?: string | null | undefined
  /** Line of the header (row of a sheet), counted from 1; 0 for a table without one. */
  headerLine?: number | null | undefined
  /** Sheet of a workbook: its name, or its number counted from 1. */
  sheet?: string | number | null | undefined
  /** Decimal separator of all numbers: `,` or `.`. */
  decimal?: string | null | undefined
  /** The character between groups of thousands. */
  thousands?: string | null | undefined
  /** The order of day and month of all dates. */
  dateOrder?: 'day_first' | 'month_first' | 'dmy' | 'mdy' | null | undefined
  /** Whether rows at the end that sum up the others, and footers, stay as rows. */
  keepTotals?: boolean | null | undefined
  /** Whether columns without any value stay. */
  keepEmptyColumns?: boolean | null | undefined
  /** Largest input in bytes, after decompression; 4 GiB where not given. */
  maxBytes?: number | null | undefined
  /** Largest number of rows; 100 million where not given. */
  maxRows?: number | null | undefined
  /** Largest number of columns; 16384 where not given. */
  maxColumns?: number | null | undefined
  /** Largest cell in bytes; 1 MiB where not given. */
  maxCellBytes?: number | null | undefined
}

/** A column by its own content. */
export interface ReadColumn {
  name: string
  type: 'id' | 'text' | 'category' | 'boolean' | 'number' | 'date' | 'timestamp'
  /** How its cells are written, in words. */
  format: string
  missing: number
  unreadable: number
  /** Up to five lines with cells that could not be read. */
  unreadableRows: number[]
  warnings: string[]
}

/** How a table was read: every guess. What does not apply to the format is null. */
export interface Source {
  format: string
  name: string | null
  encoding: string | null
  delimiter: string | null
  quote: string | null
  escape: string | null
  sheet: string | null
  headerLine: number | null
  titleLines: number[]
  droppedLines: number[]
  emptyColumns: string[]
  decimal: string | null
  thousands: string | null
  dateOrder: 'day_first' | 'month_first' | null
}

/** A table as it was read. */
export interface ReadTable {
  /** Number of rows. */
  rows: number
  columns: ReadColumn[]
  source: Source
  /** What was met while reading, and what was done about it. */
  notes: { code: string; message: string; rowsAffected: number; exampleRows: number[] }[]
}

/** The options of `mapColumns`. */
export interface MapOptions extends CallOptions {
  /** How to read the table. */
  read?: ReadOptions | null | undefined
  /** `'customers'` where not given; `null` recognises it. */
  tableKind?: TableKind | null | undefined
  /** Profile; recognised where not given. */
  profile?: Profile | null | undefined
  /** What columns mean, whatever they look like. */
  overrides?: Overrides | null | undefined
  /** Some values of each column, where only headers are given. */
  samples?: Readonly<Record<string, readonly unknown[]>> | null | undefined
  /** A file with a saved mapping (as JSON), or a folder of them: one that was made for the same headers is used again. */
  saved?: string | null | undefined
}

/** The options of `validate`. */
export interface ValidateOptions extends CallOptions {
  /** How to read the table. */
  read?: ReadOptions | null | undefined
  /** A mapping that an earlier call gave; mapped anew where not given. */
  mapping?: Mapping | null | undefined
  /** Profile; the mapping's where not given. */
  profile?: Profile | null | undefined
  /** `'score'` where not given; `'train'` also judges the label and what a model could learn. */
  purpose?: 'score' | 'train' | null | undefined
  /** Source column of the label; the one recognised where not given. */
  label?: string | null | undefined
  /** Columns to let through the leak firewall, by header or field. */
  allow?: readonly string[] | null | undefined
  /** Whether to repair nothing; `false` where not given. */
  strict?: boolean | null | undefined
  /** The day that the rows describe, where the table has no snapshot date; what is dated later is told. */
  asOf?: string | Date | null | undefined
}

/** Kinds of tables. */
export type TableKind = 'customers' | 'tickets' | 'payments' | 'usage' | 'interactions' | 'subscriptions'

/** Risk levels. */
export type RiskLevel = 'High' | 'Medium' | 'Low'

/** One factor of a prediction. */
export interface Factor {
  /** Name of the feature. */
  feature: string
  /** The factor in words. */
  featureReadable: string
  /** The customer's value; `null` where missing. */
  value: number | boolean | string | null
  /** Whether it raises or lowers the risk. */
  direction: 'increases' | 'decreases'
  /** Exact SHAP value, in log-odds. */
  shapValue: number
  /** Share of (probability - base probability), in probability; all factors sum to it. */
  impact: number
  /** 100 x impact. */
  impactPercentage: number
}

/** The prediction of one customer. */
export interface Prediction {
  /** Id of the customer, or the row number where there are no ids. */
  customerId: string
  /** Calibrated churn probability, 0 to 1. */
  churnProbability: number
  /** 1 - churn probability. */
  retentionProbability: number
  /** The interval around the probability, and its nominal level. */
  confidence: { low: number; high: number; level: number }
  /** Risk level. */
  riskLevel: RiskLevel
  /** The strongest reason in words, where one raises the risk. */
  topRiskFactor: string | null
  /** What to do. */
  recommendation: string
  /** How well the recommendation is founded. */
  recommendationEvidence: string
  /** Name and version of the model. */
  modelVersion: string
  /** When it was scored (ISO 8601). */
  scoredAt: string | null
  /** Why: all factors, strongest first. */
  explanation: { baseProbability: number; topFactors: Factor[] }
}

/** One row of a scored table. */
export interface PredictionRow {
  /** Id of the customer, or the row number where there are no ids. */
  customerId: string
  /** Calibrated churn probability, 0 to 1. */
  churnProbability: number
  /** 1 - churn probability. */
  retentionProbability: number
  /** Lower end of the interval. */
  probabilityLow: number
  /** Upper end of the interval. */
  probabilityHigh: number
  /** Risk level. */
  riskLevel: RiskLevel
  /** Strongest reason, where there is one and it was asked for. */
  reason1?: string | null
  /** Second reason. */
  reason2?: string | null
  /** Third reason. */
  reason3?: string | null
  /** Fourth reason. */
  reason4?: string | null
  /** What to do. */
  recommendation: string
  /** Name and version of the model. */
  modelVersion: string
  /** When it was scored (ISO 8601). */
  scoredAt: string | null
}

/** A scored table in a few numbers. */
export interface Summary {
  /** Customers scored. */
  customers: number
  /** At high risk. */
  highRisk: number
  /** At medium risk. */
  mediumRisk: number
  /** At low risk. */
  lowRisk: number
  /** Mean retention probability. */
  averageRetention: number
  /** How many are expected to leave. */
  expectedChurners: number
  /** The most frequent strongest reasons. */
  topReasons: { reason: string; customers: number }[]
  /** Name and version of the model. */
  modelVersion: string
}

/** A field a column might mean, or a column a field might stand in. */
export interface Candidate {
  /** Canonical field, or source column. */
  name: string
  /** 0 to 100. */
  confidence: number
}

/** What one source column was taken for. */
export interface ColumnMatch {
  /** Header in the source. */
  source: string
  /** Canonical field, or `null`: used under its own name. */
  field: string | null
  /** 0 to 100: of the columns mapped with confidence c, about c % are right. */
  confidence: number
  /** The strongest evidence. */
  method: string
  /** Every piece of evidence, in words. */
  evidence: string[]
  /** Other fields it might mean, best first. */
  alternatives: Candidate[]
  /** What a careful reader would check. */
  warnings: string[]
  /** Whether the column seems to hold personal data. */
  pii: boolean
}

/** Source columns to canonical fields. Plain data: it may be kept as JSON and given back as the option `mapping`. */
export interface Mapping {
  /** The kind of table. */
  tableKind: TableKind
  /** Name of the profile. */
  profile: string
  /** One entry a source column, in the order of the source. */
  columns: ColumnMatch[]
  /** Required fields that were not found, each with the nearest columns. */
  missing: { anyOf: string[]; candidates: Candidate[] }[]
  /** SHA-256 of the sorted headers, in hexadecimal: the same headers have the same mapping. */
  headerFingerprint: string
  /** Canonical field (`customer_id`, ...) -> source column. */
  fields: Record<string, string>
}

/** One thing worth telling about the data. */
export interface Finding {
  /** Stable code. */
  code: string
  /** Layer of the validation. */
  layer: 'schema' | 'types' | 'ranges' | 'business_rules' | 'ml_readiness'
  /** How bad it is. */
  severity: 'info' | 'warning' | 'error'
  /** Canonical field, where it is about one. */
  field: string | null
  /** Source column, where it is about one. */
  column: string | null
  /** Rows it concerns. */
  rowsAffected: number
  /** Up to five row numbers as the user sees them. */
  exampleRows: number[]
  /** What was found; never the content of a cell. */
  message: string
  /** What to do about it. */
  suggestion: string
  /** Points it takes off the score. */
  cost: number
}

/** How good the data is from five sides, each 0 to 100; `null` where there is nothing to judge by. */
export interface Dimensions {
  /** Cells that hold a value. */
  completeness: number | null
  /** Values that could be read and can be true. */
  validity: number | null
  /** Rows that repeat no customer. */
  uniqueness: number | null
  /** Judgements of business rules that were kept. */
  consistency: number | null
  /** Past dates that lie on or before the day their row describes. */
  timeliness: number | null
}

/** The judgement on a table. */
export interface QualityReport {
  /** Whether nothing stops the call. */
  ok: boolean
  /** 0 to 100. */
  score: number
  /** Rows judged. */
  nRows: number
  /** Columns judged. */
  nColumns: number
  /** Completeness, validity, uniqueness, consistency, timeliness. */
  dimensions: Dimensions
  /** The findings, errors first. */
  findings: Finding[]
  /** The AUC to expect of a model trained on the table, with `purpose: 'train'` where it can be said. */
  estimatedAuc: number | null
  /** Its 95 % interval, low and high. */
  estimatedAucInterval: [number, number] | null
  /** The score's arithmetic in one line. */
  arithmetic: string
}

/** What came of scoring a file. */
export interface ScoreSummary {
  summary: Summary
  mapping: Mapping
  quality: QualityReport
  /** Where the predictions stand. */
  target: string
}

/** A scored table with all that was found on the way; as an async iterable it gives the rows of its predictions. */
export interface Scored extends AsyncIterable<PredictionRow> {
  /**
   * One object a customer, in the order of the table. The objects are made when they are first looked at; it is an
   * array in all else, but cannot be posted to another thread (`predictions.slice()` can).
   */
  predictions: PredictionRow[]
  /** The table in a few numbers. */
  summary: Summary
  /** How the columns were understood. */
  mapping: Mapping
  /** How good the data is. */
  quality: QualityReport
  /** Names of the columns of the predictions, in their documented order. */
  readonly columnNames: string[]
  /** A column of the predictions. */
  column(name: 'churnProbability' | 'retentionProbability' | 'probabilityLow' | 'probabilityHigh'): Float64Array
  /**
   * A column of the predictions: numbers in a Float64Array, texts in an array with `null` where missing.
   * @throws {ChurnError} `invalid_argument`, naming the columns there are.
   */
  column(name: string): Float64Array | (string | null)[]
  /** The predictions as bytes of the Arrow IPC stream format, which every Arrow library reads. */
  toArrow(): Promise<Buffer>
}

/** Exact SHAP values of a table. Feature `j` of row `i` stands at `i * shape[1] + j`. */
export interface Explanation {
  /** SHAP values in log-odds. */
  values: Float64Array
  /** Feature values; categories are codes, missing is NaN. */
  data: Float64Array
  /** Rows and features. */
  shape: [rows: number, features: number]
  /** What the model says about nobody in particular: with the values of a row it adds up to its log-odds. */
  baseValue: number
  /** Names of the features. */
  featureNames: string[]
}

/** How well an engine predicts a labelled table. */
export interface Evaluation {
  /** Rows with a label. */
  nRows: number
  /** Positive labels among them. */
  nPositive: number
  /** Area under the ROC curve. */
  auc: number
  /** Log loss in nats. */
  logLoss: number
  /** Brier score. */
  brier: number
  /** Expected calibration error. */
  ece: number
  /** Lift among the 10 % of highest risk. */
  lift10: number
  /** Share of probabilities that fall on the right side of one half. */
  accuracy: number
  /** Average precision. */
  averagePrecision: number
  /** Kolmogorov-Smirnov distance. */
  ks: number
  /** Harmonic mean of precision and recall at one half. */
  f1: number
  /** Lift and share of all positives among the 5 and 20 % of highest risk. */
  lift5: number
  lift20: number
  capture5: number
  capture10: number
  capture20: number
  /** Expected calibration error over bins of equally many rows. */
  eceAdaptive: number
  /** Expected maximum profit of a campaign, in money a customer. */
  empc: number
  /** 90 % bootstrap interval of each figure: [low, high]. */
  intervals: Readonly<Record<string, readonly [number, number]>>
  /** Bins of about equally many rows. */
  calibrationCurve: readonly { nRows: number; predicted: number; observed: number }[]
  /** Share of all positives among the customers of highest risk. */
  gains: readonly { fraction: number; capture: number; lift: number }[]
  /** The Brier score is `reliability - resolution + uncertainty + within`. */
  brierParts: { reliability: number; resolution: number; uncertainty: number; within: number }
}

/** The model card: where a model comes from, how good it is, what it is not for. */
export interface ModelCard {
  /** `'trained'` or `'expert_scorecard'`. */
  kind: string
  /** What the model is. */
  description: string
  /** The data it learnt from. */
  data: string
  /** Training rows. */
  nRows: number
  /** Positive labels among them. */
  nPositive: number
  /** Share of positive labels. */
  baseRate: number
  /** How the metrics were measured. */
  protocol: string
  /** The metrics, held out. */
  metrics: { name: string; mean: number; sd: number }[]
  /** What was learnt with which settings. */
  learner: string
  /** Seed of everything random (above 2^53 only near it). */
  seed: number
  /** Columns that were let through the leak check. */
  allowed: string[]
  /** Intended use. */
  intendedUse: string
  /** Limits. */
  limits: string[]
  /** What churned means, where the label was read from tables of events. */
  definition?: ChurnDefinition
  /** How the features were made from tables of events. */
  events?: EventSettings
}

/** What churned means; `preset` names the booking rules of a vendor that the other fields change. */
export interface ChurnDefinition {
  /** Length of the window in which a loss counts, in days. */
  horizonDays: number
  /** Booking rules of a vendor. */
  preset?: 'chargify' | 'chartmogul' | 'profitwell' | 'recharge'
  /** Days between the snapshot and the window; 0 where not given. */
  gapDays?: number
  /** When a loss is booked; `'period_end'` where not given. */
  booking?: 'cancellation' | 'day_after_cancellation' | 'period_end'
  /** Days after which an unpaid payment ends the subscription. */
  pastDueDays?: number | null
  /** Days of silence after which a customer counts as lost: a business without contracts. */
  inactivityDays?: number | null
  /** Tables whose events are activity; usage and payments where not given. */
  activity?: readonly TableKind[]
  /** Which losses count. */
  kind?: 'all' | 'voluntary' | 'involuntary'
  /** What a paused subscription is. */
  pauses?: 'running' | 'not_running'
  /** What joining and leaving in one calendar month is. */
  sameMonth?: 'count' | 'ignore'
  /** Who returns within so many days is reactivated; always, where not given. */
  reactivationDays?: number | null
  /** A hole of so many days between two subscriptions is none; 1 where not given. */
  graceDays?: number
}

/** How event features are made; see docs/events.md. */
export interface EventSettings {
  /** A first response later than so many hours is late; 24 where not given. */
  responseHours?: number
  /** A resolution later than so many hours is late; 72 where not given. */
  resolutionHours?: number
  /** The uses of the product that show that it has been adopted. */
  keyEvents?: readonly string[]
  /** Days after which what a table tells is known. */
  delayDays?: Readonly<Partial<Record<TableKind, number>>>
  /** Minutes that local time is ahead of UTC. */
  utcOffsetMinutes?: number
  /** Features of one's own. */
  custom?: readonly object[]
}

/** The tables of events; an empty list is a table in which nothing happened. */
export interface EventTables {
  tickets?: Table | null | undefined
  payments?: Table | null | undefined
  usage?: Table | null | undefined
  interactions?: Table | null | undefined
  subscriptions?: Table | null | undefined
}

/** The options of `buildFeatures` and `checkPointInTime`. */
export interface FeatureOptions extends EventTables, CallOptions {
  /** The moment up to which everything is known (ISO 8601). */
  asOf: string | Date
  /** Profile; recognised where not given. */
  profile?: Profile | null | undefined
  /** What columns mean, by table. */
  overrides?: Readonly<Partial<Record<TableKind, Overrides>>> | null | undefined
  /** How features are made. */
  settings?: EventSettings | null | undefined
}

/** The options of `buildTrainingSet`. */
export interface TrainingSetOptions extends Omit<FeatureOptions, 'asOf'> {
  /** What churned means. */
  definition: ChurnDefinition
  /** First snapshot (ISO 8601 day); the first possible one where not given. */
  start?: string | Date | null | undefined
  /** Last snapshot; the last whose window is over where not given. */
  end?: string | Date | null | undefined
  /** Step: `'day'`, `'week'`, `'month'`, `'quarter'`, `'year'` or a number of days; a month where not given. */
  every?: string | number | null | undefined
  /** The day before which the data ends; the day behind the last event where not given. */
  observedUntil?: string | Date | null | undefined
  /** Columns of the customer table that never change. */
  keep?: readonly string[] | null | undefined
}

/** The options of `churnMovements`. */
export interface MovementOptions extends Omit<FeatureOptions, 'asOf'> {
  /** What churned means. */
  definition: ChurnDefinition
}

/** A customer's joining, leaving or coming back. */
export interface Movement {
  customerId: string
  movement: string
  at: string
  voluntary: boolean | null
}

/** The options of `Engine.scoreCustomer`. */
export interface ScoreCustomerOptions extends EventTables, CallOptions {
  /** Number of reasons, 0 to 4; 3 where not given. */
  reasons?: number | null | undefined
  /** What columns mean, by table. */
  overrides?: Readonly<Partial<Record<TableKind, Overrides>>> | null | undefined
  /** The moment up to which everything is known; that of `scoredAt` where not given. */
  asOf?: string | Date | null | undefined
  /** When it is scored (ISO 8601); now, where not given. */
  scoredAt?: string | Date | null | undefined
}

/** A table of features. To train on it: `Engine.train(built.rows, { definition: built.definition, settings: built.settings })`. */
export interface BuiltTable {
  /** One object a customer (or snapshot); features under their own names. */
  rows: Record<string, number | string | boolean | null>[]
  /** What is worth telling about the tables. */
  findings: Finding[]
  /** What `churned` means, for a training set. */
  definition: ChurnDefinition | null
  /** The definition in one sentence, with its id. */
  definitionText: string | null
  /** How the features were made. */
  settings: EventSettings
}

/** Whether features stay the same without what was not known then. */
export interface PointInTimeCheck {
  /** Whether every feature is the same, bit for bit. */
  ok: boolean
  /** The columns that are not. */
  columns: string[]
  /** Rows of events that were not known. */
  rowsRemoved: number
}

/** The options of `Engine.scorer`. */
export interface ScorerOptions extends Omit<RecordOptions, 'scoredAt'> {
  /** A mapping that an earlier call gave. */
  mapping?: Mapping | null | undefined
}

/** Scores customers that all have the same keys, on the calling thread; `Engine.scorer` makes it. */
export interface Scorer {
  /**
   * Scores one customer; a key that the example did not have is mapped with the others for that customer.
   * @throws {ChurnError} as `Engine.scoreOne` rejects.
   */
  score(record: CustomerRecord, options?: { scoredAt?: string | Date | null | undefined } | null): Prediction
  /** The example's keys. */
  readonly columns: Array<string>
}

/**
 * A model, ready to map, judge, score and explain. Calls that return a Promise work on a thread of Node's pool; one
 * engine may serve any number of them at once.
 */
export declare class Engine {
  private constructor()

  /**
   * A shipped model: `'telecom'` or `'saas'`.
   * @throws {ChurnError} `model_not_found`, naming the models there are.
   */
  static pretrained(name: 'telecom' | 'saas' | (string & {})): Engine

  /**
   * Loads a saved model.
   * @throws {ChurnError} `model_not_found`, `io`, `format_unsupported`, `hash_mismatch`, `model_invalid`.
   */
  static load(path: string): Engine

  /**
   * A model that another library trained: XGBoost `.json` or `.ubj`, LightGBM `.txt`, CatBoost `.json`.
   * @throws {ChurnError} `model_not_found`, `io`, `format_unsupported`, `unsupported`, `model_invalid`.
   */
  static importModel(path: string, options?: ImportOptions | null): Engine

  /**
   * As `importModel`, from the content of the file.
   * @throws {ChurnError} `format_unsupported`, `unsupported`, `model_invalid`.
   */
  static importModelBytes(data: Uint8Array, options?: ImportOptions | null): Engine

  /** Names of the model's features, in the order of a matrix. */
  get featureNames(): Array<string>

  /**
   * The sum of each row: log-odds, or the probability for forests that average shares. `matrix` holds rows of the
   * model's own features, one after another; `NaN` is missing.
   * @throws {ChurnError} `invalid_argument`.
   */
  predictMargin(matrix: Float64Array): Float64Array

  /** The probability of each row; `matrix` as for `predictMargin`. */
  predictProba(matrix: Float64Array): Float64Array

  /** What the SHAP values of a row add up with to its sum. */
  get expectedValue(): number

  /**
   * Exact SHAP values, row after row, as many as there are features; `matrix` as for `predictMargin`. Against the rows of
   * `background` they are interventional, and add up with the mean sum of those rows.
   */
  shapValues(matrix: Float64Array, options?: { background?: Float64Array | null | undefined } | null): Float64Array

  /**
   * SHAP interaction values: for each row features x features numbers, one after another; those of a feature sum to its
   * SHAP value. `matrix` as for `predictMargin`.
   */
  shapInteractionValues(matrix: Float64Array): Float64Array

  /**
   * A model from the bytes of a model file.
   * @throws {ChurnError} `format_unsupported`, `hash_mismatch`, `model_invalid`.
   */
  static fromBytes(data: Uint8Array): Engine

  /**
   * Trains an engine on a labelled table; its card tells how good it is on rows it has not seen.
   * Rejects with a {@link ChurnError}: `leakage`, `single_class`, `too_few_rows`, or as `score`.
   */
  static train(table: Table, options?: TrainOptions | null): Promise<Engine>

  /** Name and version of the model. */
  readonly modelVersion: string

  /** The model card. */
  readonly card: ModelCard

  /**
   * Saves the model as one file, whole or not at all.
   * @throws {ChurnError} `io`.
   */
  save(path: string): void

  /** The model as the bytes of a model file; the same model gives the same bytes. */
  toBytes(): Buffer

  /** Scores one customer. Rejects with a {@link ChurnError}. */
  scoreOne(record: CustomerRecord, options?: ScoreOneOptions | null): Promise<Prediction>

  /**
   * Scores one customer on the calling thread.
   * @throws {ChurnError} as `scoreOne` rejects.
   */
  scoreOneSync(record: CustomerRecord, options?: RecordOptions | null): Prediction

  /**
   * A scorer for customers that all have the keys of this example: they are understood once.
   * @throws {ChurnError} as `scoreOne` rejects.
   */
  scorer(example: CustomerRecord, options?: ScorerOptions | null): Scorer

  /**
   * Scores one customer from his own rows of the tables of events, as known before `asOf`. Rows without a customer id
   * are his. Rejects with a {@link ChurnError}.
   */
  scoreCustomer(record: CustomerRecord, options?: ScoreCustomerOptions | null): Promise<Prediction>

  /**
   * Scores a table.
   * Rejects with a {@link ChurnError}: `io`, `malformed`, `empty_input`, `field_unmapped`, `feature_missing`, ...
   */
  score(table: Table, options?: ScoreOptions | null): Promise<Scored>

  /** Scores a table and gives its rows one after the other. Throws as `score` rejects. */
  scoreRows(table: Table, options?: ScoreOptions | null): AsyncGenerator<PredictionRow, void, undefined>

  /**
   * Scores a file and writes the predictions to another as CSV, whole or not at all; they are never held all at once.
   * Rejects with a {@link ChurnError}, as `score`.
   */
  scoreFile(source: string, target: string, options?: ScoreOptions | null): Promise<ScoreSummary>

  /** Exact SHAP values of a table. Rejects with a {@link ChurnError}, as `score`. */
  explain(table: Table, options?: ExplainOptions | null): Promise<Explanation>

  /** The language of reasons and recommendations: `'en'`, `'de'`, `'es'` or `'fr'`. */
  get language(): string

  /**
   * The same model that tells its reasons and recommendations in another language. Throws a {@link ChurnError}
   * (`invalid_argument`).
   */
  withLanguage(language: 'en' | 'de' | 'es' | 'fr'): Engine

  /**
   * The same model with a calibrator and an interval learnt from a labelled table that it was not trained on. Rejects with
   * a {@link ChurnError}.
   */
  calibrate(table: Table, options?: EvaluateOptions | null): Promise<Engine>

  /** Measures the engine on a labelled table that it was not trained on. Rejects with a {@link ChurnError}. */
  evaluate(table: Table, options?: EvaluateOptions | null): Promise<Evaluation>
}

/** Reads a table and says how, and what its columns are. */
export declare function read(table: Table, options?: (ReadOptions & CallOptions) | null): Promise<ReadTable>

/**
 * Maps the columns of a table to canonical fields; `table` may be just a list of headers.
 * Rejects with a {@link ChurnError}.
 */
export declare function mapColumns(table: Table | readonly string[], options?: MapOptions | null): Promise<Mapping>

/** The features of every customer as of a day, from tables of events. Rejects with a {@link ChurnError}. */
export declare function buildFeatures(customers: Table, options: FeatureOptions): Promise<BuiltTable>

/** Labelled snapshots of every customer who was active. Rejects with a {@link ChurnError}. */
export declare function buildTrainingSet(customers: Table, options: TrainingSetOptions): Promise<BuiltTable>

/** Whether the features stay the same without what was not known then. Rejects with a {@link ChurnError}. */
export declare function checkPointInTime(customers: Table, options: FeatureOptions): Promise<PointInTimeCheck>

/** What a definition says of the customers' whole history. Rejects with a {@link ChurnError}. */
export declare function churnMovements(customers: Table, options: MovementOptions): Promise<Movement[]>

/** A definition with its defaults, its id and hash, and what it says. */
export declare function churnDefinition(
  definition: ChurnDefinition,
): Promise<{ definition: ChurnDefinition; id: string; hash: string; describe: string }>

/** The catalog of event features. */
export declare function eventFeatures(): Promise<
  { name: string; readable: string; unit: string | null; formula: string; window: string; tables: TableKind[]; needs: string[] }[]
>

/** Judges the quality of a table. Rejects with a {@link ChurnError}. */
export declare function validate(table: Table, options?: ValidateOptions | null): Promise<QualityReport>

/** Version of the engine. */
export declare const version: string

/** One customer's health, with the origin of every point. */
export interface HealthScore {
  customerId: string
  /** 0 to 100, 100 = healthy; null where too little is known. */
  healthScore: number | null
  healthBand: 'red' | 'yellow' | 'green' | 'unknown'
  /** Share of the weight that is known, 0 to 1. */
  coverage: number
  /** Name of the variant that counted, for example `onboarding`. */
  variant: string | null
  asOf: string | null
  dimensions: Record<string, { score: number; weight: number; won: number }>
  /** Every point, those that cost most first. */
  points: {
    dimension: string
    measure: string
    title: string
    field: string
    value: number | string
    score: number
    weight: number
    won: number
    lost: number
  }[]
  missing: { dimension: string; measure: string; field: string; weight: number }[]
  /** The three measures that cost most, in words. */
  reasons: string[]
}

/** The health of a table. */
export interface HealthScores {
  summary: {
    customers: number
    red: number
    yellow: number
    green: number
    unknown: number
    averageScore: number | null
    averageCoverage: number
  }
  notes: string[]
  config: string
  asOf: string | null
  scores: HealthScore[]
}

/** How to score health. */
export interface HealthOptions {
  /** The day the rows describe. */
  asOf?: string | null
  /** Name of a shipped configuration (`saas`, `telecom`), or TOML of one's own. */
  config?: string | null
  profile?: string | null
  overrides?: Record<string, string | null>
  /** Scale of a column, for example `{ nps_score: [0, 10] }`. */
  scales?: Record<string, [number, number]>
  /** Tables of events: measures read what was known of them before `asOf`. */
  tickets?: DeskTable | null
  payments?: DeskTable | null
  usage?: DeskTable | null
  interactions?: DeskTable | null
  subscriptions?: DeskTable | null
  /** What columns of the tables of events mean: `{ usage: { when: 'occurred_at' } }`. */
  eventOverrides?: Record<string, Record<string, string | null>>
  /** Settings of the event features. */
  settings?: EventSettings
}

/** A table of these functions: a path, a list of records, one record, or `{ csv }`. */
export type DeskTable = string | readonly CustomerRecord[] | CustomerRecord | { csv: string }

/** One lead's score. */
export interface LeadScore {
  leadId: string
  leadScore: number
  temperature: 'hot' | 'warm' | 'cool' | 'cold'
  coverage: number
  /** The score if every unknown item turned out best. */
  bestCase: number
  sections: Record<string, { points: number; max: number }>
  items: { section: string; item: string; title: string; points: number; max: number; known: boolean; field: string | null }[]
  unknown: string[]
}

/** The scores of a table of leads. */
export interface LeadScores {
  config: string
  counts: Record<'hot' | 'warm' | 'cool' | 'cold', number>
  fields: Record<string, string>
  missing: string[]
  scores: LeadScore[]
}

/** Something that was seen of a customer. */
export interface Observation {
  customerId: string
  at: string | Date
  owner?: string | null
  values?: Record<string, number | string | boolean>
  event?: string | null
}

/** A notification to be sent; send each `id` once. */
export interface Notification {
  id: string
  kind: 'raised' | 'escalated' | 'digest'
  alertId?: string
  rule?: string
  title: string
  severity: 'info' | 'warning' | 'critical'
  customerId?: string
  recipient: string
  raisedAt: string
  at: string
  reason: string
  action?: string
  items?: Notification[]
}

/** What a step gives. */
export interface AlertStep {
  /** To be kept, unchanged, and given to the next step. */
  state: string
  notifications: Notification[]
  suppressed: { rule: string; customerId: string; at: string; reason: 'cool_down' | 'duplicate' | 'cap' | 'recovered' }[]
  stale: number
  evaluations: number
}

/** A field that somebody can do something about. */
export interface Actionable {
  field: string
  /** Levels it can be moved to, and from. */
  to?: readonly string[]
  from?: readonly string[]
  /** Which way a number can be moved. */
  sense?: 'up' | 'down' | 'any'
  min?: number
  max?: number
  /** Farthest from the present value, as a share of it, or in its unit. */
  maxShare?: number
  maxChange?: number
  /** Values are multiples of this. */
  step?: number
  /** The way that `cost` stands for. */
  span?: number
  /** Effort. */
  cost?: number
}

/** One way to bring a customer under a target risk. */
export interface Counterfactual {
  changes: { field: string; readable: string; from: unknown; to: unknown }[]
  churnProbability: number
  cost: number
  evidence: string
}

/** What a search for counterfactuals gives. */
export interface Counterfactuals {
  churnProbability: number
  target: number
  /** The cheapest first; empty where there is none, or the customer is there already. */
  answers: Counterfactual[]
  reachable: number
  actionable: string[]
  note: string
}

export interface Engine {
  /** The prediction that a customer would have with some fields changed. */
  whatIf(
    record: CustomerRecord,
    changes: CustomerRecord,
    options?: { overrides?: Record<string, string | null>; asOf?: string | null; scoredAt?: string | null } | null,
  ): Promise<Prediction>

  /** The least changes of what can be changed that bring a customer to `target` (0.4) or below. */
  counterfactuals(
    record: CustomerRecord,
    options?: {
      target?: number
      n?: number
      /** Most fields that an answer changes, 1 to 8; three, and more where three do not do, where not given. */
      maxChanges?: number
      /** What can be changed; the list of the profile where not given. */
      actionable?: readonly Actionable[]
      overrides?: Record<string, string | null>
      asOf?: string | null
    } | null,
  ): Promise<Counterfactuals>
}

/** The health of each customer, 0 to 100, 100 = healthy; of whoever has events where `table` is null. */
export declare function healthScore(table: DeskTable | null, options?: HealthOptions | null): Promise<HealthScores>

/** A health configuration held against who really left. */
export declare function healthBacktest(
  table: DeskTable,
  options?: (HealthOptions & { label?: string | null }) | null,
): Promise<Record<string, unknown>>

/** What moved each customer's score between two tables. */
export declare function healthChange(
  before: HealthOptions & { table: DeskTable },
  after: HealthOptions & { table: DeskTable },
): Promise<{ customerId: string; points: number; parts: Record<string, unknown>[]; words: string }[]>

/** Where a history of [day, score] is heading; null for fewer than four. */
export declare function healthTrend(history: readonly (readonly [string, number | null])[]): Promise<{
  n: number
  /** Points per 30 days. */
  slope30d: number
  low: number
  high: number
  direction: 'falling' | 'rising' | 'steady'
  changePoint: { day: string; before: number; after: number; pValue: number } | null
} | null>

/** The change as a share of the larger of the two, -1 to 1. */
export declare function percentChange(before: number, after: number): Promise<number>

/** The TOML text of a shipped health configuration. */
export declare function healthConfig(name: 'saas' | 'telecom' | (string & {})): Promise<string>

/** A detector of falling scores, fitted to histories of customers who are doing well. */
export declare function earlyWarningFit(
  histories: readonly (readonly (number | null)[])[],
  options?: { baseline?: number; allowance?: number; falseAlarms?: number; perMonth?: number } | null,
): Promise<Record<string, unknown>>

/** The alarms in one customer's history. */
export declare function earlyWarningWatch(
  detector: Record<string, unknown>,
  history: readonly (number | null)[],
): Promise<{ at: number; since: number; level: number; recent: number }[]>

/** The score of each lead, 0 to 100. */
export declare function leadScore(
  table: DeskTable,
  options?: { config?: string | null; bant?: 'scaled' | 'raw' } | null,
): Promise<LeadScores>

/** The TOML text of a shipped lead scorecard. */
export declare function leadConfig(name: 'roofing' | 'saas' | (string & {})): Promise<string>

/** Who gets which lead. */
export declare function routeLeads(
  leads: readonly { leadId: string; score: number }[],
  reps: readonly { name: string; topPerformer?: boolean; load?: number; capacity?: number | null; weight?: number }[],
  options?: { topScore?: number } | null,
): Promise<{ leadId: string; score: number; rep: string | null; why: string }[]>

/** The TOML text of the shipped alert rules. */
export declare function alertConfig(): Promise<string>

/** Lets time pass up to `now` and takes what was observed until then; `state` is the last step's, or null. */
export declare function alertStep(
  state: string | null,
  observations: readonly Observation[],
  options: { now: string | Date; config?: string | null },
): Promise<AlertStep>

/** Says what became of an alert. */
export declare function alertSettle(
  state: string,
  alertId: string,
  outcome: 'acknowledged' | 'closed',
): Promise<{ state: string; settled: boolean }>

/** What rules would have done on a history. */
export declare function alertReplay(
  history: readonly Observation[],
  options?: {
    config?: string | null
    churned?: Record<string, string>
    horizonDays?: number
    selfResolvedDays?: number
  } | null,
): Promise<Record<string, unknown>>

/** A notification as a message; nothing personal but what `include` lists. */
export declare function alertPayload(
  notification: Notification,
  channel: 'email' | 'slack' | 'webhook',
  options?: {
    details?: Record<string, unknown>
    include?: readonly string[]
    subject?: string
    body?: string
    link?: string
  } | null,
): Promise<Record<string, unknown>>

/** Whom to contact by expected value. */
export declare function selectContacts(
  candidates: readonly { customerId: string; probability: number; value: number; saveRate?: number | null }[],
  options?: {
    saveRate?: number
    contactCost?: number
    offerCost?: number
    capacity?: number | null
    budget?: number | null
    holdOut?: number
    seed?: number
  } | null,
): Promise<{
  contacts: { customerId: string; expectedValue: number; group: 'contact' | 'hold_out' | 'beyond' | 'not_worth' }[]
  nContact: number
  nHoldOut: number
  expectedValue: number
  cost: number
  saveRate: 'assumed' | 'measured'
}>

/** What a campaign did. */
export declare function upliftReadout(
  treated: readonly { outcome: number; score?: number | null }[],
  control: readonly { outcome: number; score?: number | null }[],
  options?: { seed?: number } | null,
): Promise<Record<string, unknown>>

/** Expected maximum profit for each customer, and the share to contact at which it is reached. */
export declare function campaignProfit(
  churned: readonly boolean[],
  scores: readonly number[],
  options?: {
    costs?: { alpha?: number; beta?: number; value?: number; offerCost?: number; contactCost?: number }
  } | null,
): Promise<{ profit: number; fraction: number }>

/** Hazards of leaving by month of tenure. */
export declare function lifetimeFit(
  tenureMonths: readonly number[],
  churned: readonly boolean[],
): Promise<Record<string, unknown>>

/** Money at risk, for each customer and summed. */
export declare function valueAtRisk(
  model: Record<string, unknown>,
  customers: readonly { customerId: string; mrr: number; tenureMonths: number; probability?: number | null }[],
  options?: { horizonMonths?: number } | null,
): Promise<{
  customers: { customerId: string; remainingMonths: number; value: number; atRisk: number }[]
  value: number
  atRisk: number
  horizonMonths: number
}>
