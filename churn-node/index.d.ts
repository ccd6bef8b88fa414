/// <reference types="node" />

/**
 * One customer: header -> value. `undefined`, `null`, `NaN` and infinities are missing; a `Date` (or anything else
 * with a `toJSON`) is what that says; a `bigint` is a number where it fits 64 bits and text otherwise. Headers may be
 * anything: they are mapped.
 */
export type CustomerRecord = object

/**
 * A table of customers: the path of a file, the content of a file, or a list of records. The list is copied before
 * the call returns; for large tables a path is quickest.
 */
export type Table = string | Uint8Array | readonly CustomerRecord[]

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
export interface ScoreOneOptions {
  /** Number of reasons, 0 to 4; 3 where not given. */
  reasons?: number | null | undefined
  /** What columns mean, where the mapping does not see it. */
  overrides?: Overrides | null | undefined
  /** The day the rows describe (ISO 8601), where they have no snapshot date; the day of `scoredAt` where not given. */
  asOf?: string | Date | null | undefined
  /** When it is scored (ISO 8601); now, where not given. */
  scoredAt?: string | Date | null | undefined
}

/** The options of `Engine.score`. */
export interface ScoreOptions extends ScoreOneOptions {
  /** A mapping that an earlier call gave; mapped anew where not given. */
  mapping?: Mapping | null | undefined
}

/** The options of `Engine.evaluate`. */
export interface EvaluateOptions {
  /** Source column of the label; the one recognised where not given. */
  label?: string | null | undefined
  /** The day the rows describe (ISO 8601), where they have no snapshot date. */
  asOf?: string | Date | null | undefined
}

/** The options of `Engine.train`. */
export interface TrainOptions extends EvaluateOptions {
  /** Profile; recognised where not given. */
  profile?: Profile | null | undefined
  /** `'auto'`, `'logistic'`, `'forest'`, ...; the engine's choice where not given. */
  learner?: string | null | undefined
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
}

/** The options of `mapColumns`. */
export interface MapOptions {
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
export interface ValidateOptions {
  /** A mapping that an earlier call gave; mapped anew where not given. */
  mapping?: Mapping | null | undefined
  /** Profile; the mapping's where not given. */
  profile?: Profile | null | undefined
  /** `'score'` where not given; `'train'` also judges the label and what a model could learn. */
  purpose?: 'score' | 'train' | null | undefined
  /** Source column of the label; the one recognised where not given. */
  label?: string | null | undefined
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
  /** The findings, errors first. */
  findings: Finding[]
  /** The AUC to expect of a model trained on the table, with `purpose: 'train'` where it can be said. */
  estimatedAuc: number | null
}

/** A scored table with all that was found on the way. */
export interface Scored {
  /** One object a customer, in the order of the table. */
  predictions: PredictionRow[]
  /** The table in a few numbers. */
  summary: Summary
  /** How the columns were understood. */
  mapping: Mapping
  /** How good the data is. */
  quality: QualityReport
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
  /** Further figures. */
  [metric: string]: number | null
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
  static importModel(path: string): Engine

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

  /** Exact SHAP values, row after row, as many as there are features; `matrix` as for `predictMargin`. */
  shapValues(matrix: Float64Array): Float64Array

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
  scoreOneSync(record: CustomerRecord, options?: ScoreOneOptions | null): Prediction

  /**
   * Scores a table.
   * Rejects with a {@link ChurnError}: `io`, `malformed`, `empty_input`, `field_unmapped`, `feature_missing`, ...
   */
  score(table: Table, options?: ScoreOptions | null): Promise<Scored>

  /** Measures the engine on a labelled table that it was not trained on. Rejects with a {@link ChurnError}. */
  evaluate(table: Table, options?: EvaluateOptions | null): Promise<Evaluation>
}

/**
 * Maps the columns of a table to canonical fields; `table` may be just a list of headers.
 * Rejects with a {@link ChurnError}.
 */
export declare function mapColumns(table: Table | readonly string[], options?: MapOptions | null): Promise<Mapping>

/** Judges the quality of a table. Rejects with a {@link ChurnError}. */
export declare function validate(table: Table, options?: ValidateOptions | null): Promise<QualityReport>

/** Version of the engine. */
export declare const version: string
