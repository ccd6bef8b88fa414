// Checked with `tsc --strict --noEmit`, never run.
import { Engine, buildFeatures, buildTrainingSet, checkPointInTime, mapColumns, read, validate, version } from '../index.js'
import { createReadStream } from 'node:fs'
import type { BuiltTable, ChurnDefinition, ChurnError, ErrorCode, Mapping, Prediction, QualityReport, Scored } from '../index.js'

const engine: Engine = Engine.pretrained('telecom')
const other: Engine = Engine.load('model.churn')
const bytes: Engine = Engine.fromBytes(Buffer.from(''))
const buffer: Buffer = other.toBytes()
const text: string = engine.modelVersion + engine.card.intendedUse + version + bytes.card.metrics[0]?.name
engine.save('model.churn')

interface Customer { customer_id: string; tenure_months?: number; since: Date; balance: bigint }
const customer: Customer = { customer_id: 'A1', since: new Date(), balance: 5n }

async function use(): Promise<void> {
  const signal: AbortSignal = AbortSignal.timeout(1000)
  const watched: Scored = await engine.score({ customer_id: ['A1'], tenure_months: Float64Array.of(2) }, { signal, onProgress: (p) => void p.done })
  const numbers: Float64Array = watched.column('churnProbability')
  const ids: Float64Array | (string | null)[] = watched.column('customerId')
  const arrow: Buffer = await watched.toArrow()
  for await (const row of engine.scoreRows(createReadStream('customers.csv'), { signal })) void row.customerId
  for await (const row of watched) void row.riskLevel
  const shap = await engine.explain(new Blob(['a,b']))
  const value: number | undefined = shap.values[shap.shape[1] + 1]
  void [numbers, ids, arrow, value]
  const one: Prediction = await engine.scoreOne(customer, { reasons: 2, asOf: new Date(), overrides: { Since: null } })
  const sync: Prediction = engine.scoreOneSync({ customer_id: 1, tenure_months: undefined })
  const impacts: number[] = one.explanation.topFactors.map((f) => f.impact)
  const risk: 'High' | 'Medium' | 'Low' = sync.riskLevel
  const scored: Scored = await engine.score([customer], { mapping: null })
  await engine.score('customers.csv', { mapping: scored.mapping, scoredAt: '2026-03-01T00:00:00Z' })
  await engine.score(Buffer.from('a,b'), null)
  await engine.score(new Uint8Array(3), undefined)
  const reason: string | null | undefined = scored.predictions[0]?.reason1
  const field: string | undefined = scored.mapping.fields['customer_id']
  const trained: Engine = await Engine.train('labelled.csv', { learner: 'logistic', seed: 7n, allow: ['x'] })
  const auc: number = (await trained.evaluate('later.csv')).auc
  const mapping: Mapping = await mapColumns(['customer_id'], { tableKind: null, samples: { customer_id: [1, 'A'] } })
  const report: QualityReport = await validate('labelled.csv', { purpose: 'train', profile: { toml: '' }, mapping })
  const first: string | undefined = (await read('c.xlsx', { sheet: 2, dateOrder: 'dmy' })).columns[0]?.format
  await engine.score('c.csv', { read: { decimal: ',', keepTotals: true } })
  void [first, impacts, risk, reason, field, auc, report.estimatedAuc, text, buffer]
}

use().catch((e: unknown) => {
  const error = e as ChurnError
  const code: ErrorCode = error.code
  const facts: [number, string | null, string | undefined] = [error.number, error.hint, error.context['path']]
  void [code, facts]
})

// @ts-expect-error engines come from the static functions
new Engine()
// @ts-expect-error a name is needed
Engine.pretrained()
// @ts-expect-error there is no such option
engine.scoreOneSync(customer, { reason: 2 })
// @ts-expect-error a mapping is for tables
engine.scoreOneSync(customer, { mapping: null })
// @ts-expect-error a signal stops only what is asynchronous
engine.scoreOneSync(customer, { signal: new AbortController().signal })
// @ts-expect-error a number is no table
engine.score(5)
// @ts-expect-error there is no such purpose
validate('x.csv', { purpose: 'test' })
// @ts-expect-error it is a Promise
engine.scoreOne(customer).churnProbability
// @ts-expect-error it cannot be written
engine.modelVersion = 'x'
// @ts-expect-error there is no such order
read('x.csv', { dateOrder: 'sometimes' })

async function events(): Promise<void> {
  const definition: ChurnDefinition = { horizonDays: 30, preset: 'chargify', kind: 'voluntary' }
  const built: BuiltTable = await buildTrainingSet('customers.csv', { usage: [], definition, every: 14, start: new Date() })
  const trained: Engine = await Engine.train(built.rows, { definition: built.definition, settings: built.settings })
  const live: Prediction = await trained.scoreCustomer({ plan: 'Pro' }, { tickets: [{ created_at: new Date() }], asOf: '2026-01-01' })
  const features: BuiltTable = await buildFeatures([customer], { payments: 'payments.csv', asOf: '2026-01-01', overrides: { payments: { date: 'paid_at' } } })
  const ok: boolean = (await checkPointInTime([customer], { asOf: '2026-01-01', settings: { keyEvents: ['save'] } })).ok
  // @ts-expect-error the day is required
  await buildFeatures([customer], {})
  void [live, ok, features.rows[0]?.['usage_events_30d'], features.findings]
}
void events
