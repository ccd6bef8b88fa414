import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Engine } from '../index.mjs'
import { AT, CUSTOMER, LABELLED, directory } from './support.mjs'

const engine = Engine.pretrained('telecom')
const at = { scoredAt: AT }
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0)

test('a prediction has the documented keys, in their order', () => {
  const p = engine.scoreOneSync(CUSTOMER, at)
  assert.deepEqual(Object.keys(p), [
    'customerId', 'churnProbability', 'retentionProbability', 'confidence', 'riskLevel', 'topRiskFactor', 'recommendation',
    'recommendationEvidence', 'modelVersion', 'scoredAt', 'explanation',
  ])
  assert.deepEqual(Object.keys(p.confidence), ['low', 'high', 'level'])
  assert.deepEqual(Object.keys(p.explanation), ['baseProbability', 'topFactors'])
  assert.deepEqual(Object.keys(p.explanation.topFactors[0]), [
    'feature', 'featureReadable', 'value', 'direction', 'shapValue', 'impact', 'impactPercentage',
  ])
  assert.equal(p.customerId, 'A1')
  assert.equal(p.modelVersion, engine.modelVersion)
  assert.equal(p.scoredAt, AT)
  assert.ok(['High', 'Medium', 'Low'].includes(p.riskLevel))
  // Values are not renamed: features are canonical fields.
  assert.ok(p.explanation.topFactors.some((f) => f.feature === 'tenure_months'))
})

test('the synchronous call, the Promise and the row of the table are the same bits', async () => {
  const sync = engine.scoreOneSync(CUSTOMER, at)
  assert.deepEqual(await engine.scoreOne(CUSTOMER, at), sync)
  const { predictions } = await engine.score([CUSTOMER, { ...CUSTOMER, customer_id: 'A2', tenure_months: 60 }], at)
  const row = predictions[0]
  assert.deepEqual(Object.keys(row), [
    'customerId', 'churnProbability', 'retentionProbability', 'probabilityLow', 'probabilityHigh', 'riskLevel',
    'reason1', 'reason2', 'reason3', 'recommendation', 'modelVersion', 'scoredAt',
  ])
  for (const key of ['customerId', 'churnProbability', 'retentionProbability', 'riskLevel', 'recommendation', 'modelVersion', 'scoredAt']) {
    assert.ok(Object.is(row[key], sync[key]), key)
  }
  assert.ok(Object.is(row.probabilityLow, sync.confidence.low))
  assert.ok(Object.is(row.probabilityHigh, sync.confidence.high))
  assert.equal(row.reason1, sync.topRiskFactor)
  assert.ok(row.churnProbability > predictions[1].churnProbability)
  assert.equal(predictions[1].reason3, null)
  // And they survive JSON.
  assert.deepEqual(JSON.parse(JSON.stringify(sync)), sync)
})

test('numbers cross bit for bit', () => {
  for (const charges of [0.1 + 0.2, 89.9, 70.05, 1 / 3, 64, 1e-7]) {
    const p = engine.scoreOneSync({ ...CUSTOMER, monthly_charges: charges }, at)
    const factor = p.explanation.topFactors.find((f) => f.feature === 'monthly_charges')
    assert.ok(Object.is(factor.value, charges), `${charges} became ${factor.value}`)
  }
})

test('the impacts of all factors sum to the probability less the base probability', () => {
  for (const tenure of [0, 1, 5, 24, 72]) {
    const { churnProbability, explanation } = engine.scoreOneSync({ ...CUSTOMER, tenure_months: tenure }, at)
    const factors = explanation.topFactors
    assert.ok(Math.abs(sum(factors.map((f) => f.impact)) - (churnProbability - explanation.baseProbability)) < 1e-12)
    for (const [i, f] of factors.entries()) {
      assert.equal(f.direction === 'increases', f.shapValue > 0, f.feature)
      assert.ok(Math.abs(f.impactPercentage - 100 * f.impact) < 1e-9, f.feature)
      assert.ok(typeof f.featureReadable === 'string' && f.featureReadable.length > 0)
      assert.ok(i === 0 || Math.abs(f.shapValue) <= Math.abs(factors[i - 1].shapValue), 'strongest first')
    }
  }
})

test('a path, a Buffer and records of the same table score alike', async () => {
  const { predictions, summary, mapping, quality } = await engine.score(LABELLED, at)
  const text = readFileSync(LABELLED)
  assert.equal(predictions.length, 2000)
  assert.deepEqual((await engine.score(text, at)).predictions, predictions)
  const [header, ...lines] = text.toString().trim().split('\n').map((line) => line.trim().split(','))
  const records = lines.slice(0, 50).map((cells) => Object.fromEntries(header.map((h, i) => [h, cells[i]])))
  assert.deepEqual((await engine.score(records, at)).predictions, predictions.slice(0, 50))

  assert.equal(summary.customers, 2000)
  assert.equal(summary.highRisk + summary.mediumRisk + summary.lowRisk, 2000)
  assert.ok(Math.abs(summary.expectedChurners - sum(predictions.map((p) => p.churnProbability))) < 1e-9)
  assert.equal(mapping.fields.tenure_months, 'tenure_months')
  assert.equal(quality.nRows, 2000)
})

test('what JavaScript has and JSON has not', () => {
  const plain = engine.scoreOneSync({ ...CUSTOMER, senior_citizen: null }, at)
  for (const nothing of [undefined, null, NaN, Infinity]) {
    assert.deepEqual(engine.scoreOneSync({ ...CUSTOMER, senior_citizen: nothing }, at), plain)
  }
  const id = (customer_id) => engine.scoreOneSync({ ...CUSTOMER, customer_id }, at).customerId
  assert.equal(id(1001), '1001')
  assert.equal(id(9007199254740993n), '9007199254740993')
  assert.equal(id(-5n), '-5')
  assert.equal(id(123456789012345678901234567890n), '123456789012345678901234567890')
  assert.equal(id(new Date('2026-01-02T03:04:05Z')), '2026-01-02T03:04:05.000Z')
  assert.equal(id({ toJSON: () => 'K-7' }), 'K-7')
  assert.equal(id('Zoë 客户'), 'Zoë 客户')
  const frozen = Object.freeze({ ...CUSTOMER, since: new Date(NaN) })
  assert.equal(engine.scoreOneSync(frozen, at).churnProbability, engine.scoreOneSync(CUSTOMER, at).churnProbability)
})

test('options reach the core, and what is not given is its default', async () => {
  assert.deepEqual(engine.scoreOneSync(CUSTOMER, { ...at, reasons: undefined, overrides: null }), engine.scoreOneSync(CUSTOMER, at))
  const [row] = (await engine.score([CUSTOMER], { ...at, reasons: 1 })).predictions
  assert.ok('reason1' in row && !('reason2' in row))
  const { customer_id, ...rest } = CUSTOMER
  const named = engine.scoreOneSync({ ...rest, Kennung: 'K1' }, { ...at, overrides: { Kennung: 'customer_id' } })
  assert.equal(named.customerId, 'K1')
  assert.equal(engine.scoreOneSync(CUSTOMER, { scoredAt: new Date(0), asOf: new Date(0) }).scoredAt, '1970-01-01T00:00:00.000Z')
})

test('without scoredAt it is now', () => {
  const before = Math.floor(Date.now() / 1000) * 1000
  const { scoredAt } = engine.scoreOneSync(CUSTOMER)
  assert.match(scoredAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  assert.ok(Date.parse(scoredAt) >= before && Date.parse(scoredAt) <= Date.now())
})

test('a mapping of an earlier call may be given, also after a trip through JSON', async () => {
  const { mapping, predictions } = await engine.score([CUSTOMER], at)
  const again = await engine.score([CUSTOMER], { ...at, mapping: JSON.parse(JSON.stringify(mapping)) })
  assert.deepEqual(again.predictions, predictions)
  assert.deepEqual(again.mapping, mapping)
})

test('train, save, load and fromBytes give the same probabilities', async (t) => {
  const trained = await Engine.train(LABELLED, { learner: 'logistic', name: 'mine', version: '2.0.0', seed: 7n })
  assert.equal(trained.modelVersion, 'mine 2.0.0')
  const { card } = trained
  assert.equal(card.nRows, 2000)
  assert.equal(card.seed, 7)
  assert.ok(card.metrics.find((m) => m.name === 'auc').mean > 0.6)

  const path = join(directory(t), 'mine.churn')
  trained.save(path)
  const expected = (await trained.score(LABELLED, at)).predictions
  assert.deepEqual((await Engine.load(path).score(LABELLED, at)).predictions, expected)
  assert.deepEqual((await Engine.fromBytes(readFileSync(path)).score(LABELLED, at)).predictions, expected)
  assert.deepEqual(trained.toBytes(), readFileSync(path))
  assert.deepEqual(Engine.load(path).card, card)
  assert.equal(Engine.load(path).scoreOneSync(CUSTOMER, at).churnProbability, trained.scoreOneSync(CUSTOMER, at).churnProbability)

  const measured = await trained.evaluate(LABELLED)
  assert.equal(measured.nRows, 2000)
  assert.ok(measured.auc > 0.6 && measured.auc < 1)
})
