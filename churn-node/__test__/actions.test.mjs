// File to file, calibration, explanations against others, and the signal of the calls that have no steps.
import assert from 'node:assert/strict'
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Engine, buildFeatures, churnDefinition, churnMovements, eventFeatures, healthScore, selectContacts } from '../index.mjs'

const path = fileURLToPath(new URL('../../test-data/telecom_labelled.csv', import.meta.url))
const engine = Engine.pretrained('telecom')
const record = { customer_id: 'A1', tenure_months: 2, monthly_charges: 89.9, contract: 'Month-to-month' }

test('a file is scored to a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'churn-'))
  const target = join(folder, 'scores.csv')
  const seen = []
  const done = await engine.scoreFile(path, target, { reasons: 1, scoredAt: '2026-03-01T10:00:00Z', onProgress: (p) => seen.push(p) })
  const scored = await engine.score(path, { reasons: 1, scoredAt: '2026-03-01T10:00:00Z' })
  assert.deepEqual(done.summary, scored.summary)
  assert.equal(done.target, target)
  assert.ok(done.quality.ok && done.mapping.fields.contract === 'contract')
  const [header, first] = readFileSync(target, 'utf8').split('\n')
  assert.ok(header.startsWith('customer_id,churn_probability') && header.includes('reason_1') && !header.includes('reason_2'))
  assert.equal(Number(first.split(',')[1]), scored.predictions[0].churnProbability)
  assert.equal(seen.at(-1).done, 2000)
  await assert.rejects(engine.scoreFile('no/such.csv', target), { code: 'io' })
  await assert.rejects(engine.scoreFile(path), { code: 'invalid_argument', context: { argument: 'target' } })
  await assert.rejects(engine.scoreFile(path, target, { signal: AbortSignal.abort() }), { code: 'cancelled', name: 'AbortError' })
  rmSync(folder, { recursive: true })
})

test('a model is calibrated on labelled customers', async () => {
  // Of those who stay only every fifth: here more leave than where the model was made.
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  const own = Buffer.from(lines.filter((line, i) => i === 0 || line.endsWith(',Yes') || i % 5 === 0).join('\n'))
  const better = await engine.calibrate(own)
  const [before, after] = [await engine.evaluate(own), await better.evaluate(own)]
  assert.ok(after.logLoss < before.logLoss)
  await assert.rejects(engine.calibrate([record]), (error) => typeof error.code === 'string' && error.code !== 'internal')
})

test('explanations against other customers', async () => {
  const other = { ...record, tenure_months: 60, contract: 'Two year' }
  const [of, against] = [await engine.explain([record]), await engine.explain([record], { background: [other] })]
  const sum = ({ baseValue, values }) => values.reduce((a, b) => a + b, baseValue)
  assert.ok(Math.abs(sum(of) - sum(against)) < 1e-9, 'the same log-odds')
  assert.ok(Math.abs(sum(await engine.explain([other])) - against.baseValue) < 1e-9, 'the base is the other customer')
  const streamed = await engine.explain([record], { background: createReadStream(path) })
  assert.deepEqual(streamed.baseValue, (await engine.explain([record], { background: path })).baseValue)
  await assert.rejects(engine.explain([record], { background: [] }), { code: 'empty_input' })
})

test('every call that returns a Promise takes a signal', async () => {
  const signal = AbortSignal.abort()
  const stopped = { code: 'cancelled', name: 'AbortError' }
  for (const call of [
    () => healthScore([record], { signal }),
    () => selectContacts([], { signal }),
    () => engine.whatIf(record, { contract: 'Two year' }, { signal }),
    () => engine.counterfactuals(record, { signal }),
    () => engine.scoreCustomer(record, { signal }),
    () => engine.calibrate(path, { signal }),
    () => engine.explain(path, { signal }),
    () => buildFeatures([record], { asOf: '2026-03-01', signal }),
    () => churnMovements([record], { definition: { horizonDays: 30 }, signal }),
  ]) await assert.rejects(call(), stopped, call.toString())
  const live = new AbortController().signal
  assert.ok((await engine.whatIf(record, { contract: 'Two year' }, { signal: live })).churnProbability > 0)
  assert.equal((await selectContacts([], { signal: live })).nContact, 0)
  await assert.rejects(engine.counterfactuals(record, { signal: 3 }), { code: 'invalid_argument' })
})

test('what a definition says, and the catalog of features', async () => {
  const said = await churnDefinition({ preset: 'chargify', horizonDays: 30 })
  assert.equal(said.definition.booking, 'cancellation')
  assert.ok(said.describe.includes('30 days') && said.id && said.hash)
  const features = await eventFeatures()
  assert.ok(features.length > 20 && features.every((f) => f.name && f.formula && Array.isArray(f.tables)))
  const customers = [{ customer_id: 'A1', signup_date: '2025-01-01' }, { customer_id: 'A2', signup_date: '2025-01-01' }]
  const subscriptions = [
    { customer_id: 'A1', started_at: '2025-01-01', ended_at: '2025-03-01', canceled_at: '2025-02-20' },
    { customer_id: 'A2', started_at: '2025-01-01', ended_at: null, canceled_at: null },
  ]
  const moved = await churnMovements(customers, { subscriptions, definition: { horizonDays: 30 } })
  const churned = moved.filter((m) => m.movement === 'churn')
  assert.deepEqual(churned.map((m) => m.customerId), ['A1'])
  assert.ok(churned[0].at.startsWith('2025-0') && churned[0].voluntary === true)
  await assert.rejects(churnMovements(customers, { subscriptions }), { code: 'invalid_argument', context: { argument: 'definition' } })
})

test('reasons are told in other languages', async () => {
  const english = engine.scoreOne({ ...record, tenure_months: 1 })
  for (const [language, month] of [['de', '1 Monat'], ['es', '1 mes'], ['fr', '1 mois']]) {
    const other = engine.withLanguage(language)
    assert.equal(other.language, language)
    const told = await other.scoreOne({ ...record, tenure_months: 1 })
    assert.equal(told.churnProbability, (await english).churnProbability)
    assert.ok(told.explanation.topFactors.some((factor) => factor.featureReadable.endsWith(`: ${month}`)))
    assert.notEqual(told.recommendation, (await english).recommendation)
  }
  assert.throws(() => engine.withLanguage('xx'), { code: 'invalid_argument', context: { argument: 'language' } })
})
