// Tables in every form, results as rows, columns and Arrow, and calls that are watched and stopped.
import assert from 'node:assert/strict'
import { createReadStream, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { Engine, mapColumns, validate } from '../index.mjs'
import { AT, CUSTOMER, LABELLED, failure } from './support.mjs'

const engine = Engine.pretrained('telecom')
const at = { scoredAt: AT }
const text = readFileSync(LABELLED)
const [header, ...lines] = text.toString().trim().split('\n').map((line) => line.trim().split(','))
const records = lines.map((cells) => Object.fromEntries(header.map((h, i) => [h, cells[i]])))
const columns = Object.fromEntries(header.map((h, i) => [h, lines.map((cells) => cells[i])]))
const expected = await engine.score(LABELLED, at)

test('every form of a table scores alike', async () => {
  const forms = {
    stream: createReadStream(LABELLED, { highWaterMark: 1000 }),
    'stream of text': Readable.from([text.toString('utf8', 0, 5000), text.toString('utf8', 5000)]),
    'stream of records': Readable.from(records),
    generator: (async function* () {
      yield* records
    })(),
    'web stream': Readable.toWeb(createReadStream(LABELLED)),
    Blob: new Blob([text]),
    records,
    columns,
    'typed columns': { ...columns, tenure_months: Int32Array.from(columns.tenure_months, Number), monthly_charges: Float64Array.from(columns.monthly_charges, Number) },
  }
  for (const [name, form] of Object.entries(forms)) {
    const { predictions } = await engine.score(form, at)
    assert.equal(predictions.length, 2000, name)
    assert.deepEqual(predictions, expected.predictions, name)
  }
  assert.deepEqual((await mapColumns(columns)).fields, (await mapColumns(LABELLED)).fields)
  assert.equal((await validate(createReadStream(LABELLED))).nRows, 2000)
})

test('bytes larger than one piece are the same table', async () => {
  const copies = Array.from({ length: 40 }, () => text.subarray(text.indexOf('\n') + 1))
  const large = Buffer.concat([text.subarray(0, text.indexOf('\n') + 1), ...copies])
  assert.ok(large.length > 3 << 20, `${large.length} bytes`)
  const { predictions } = await engine.score(large, at)
  assert.equal(predictions.length, 80_000)
  for (const i of [0, 1999, 79_999]) {
    const { customerId, ...rest } = predictions[i]
    assert.deepEqual(rest, (({ customerId, ...other }) => other)(expected.predictions[i % 2000]))
  }
})

test('predictions are an array, made row by row', () => {
  const { predictions } = expected
  assert.ok(Array.isArray(predictions) && predictions.length === 2000)
  assert.equal(predictions[1999], predictions.at(-1), 'one object a row')
  assert.equal(predictions[2000], undefined)
  assert.equal(2000 in predictions || '-1' in predictions, false)
  assert.equal(Object.keys(predictions).length, 2000)
  assert.deepEqual(JSON.parse(JSON.stringify(predictions)), [...predictions])
  assert.deepEqual(predictions.filter((p) => p.riskLevel === 'High').length, expected.summary.highRisk)
  const sorted = predictions.slice().sort((a, b) => b.churnProbability - a.churnProbability)
  assert.ok(sorted[0].churnProbability >= sorted[1999].churnProbability)
  structuredClone(predictions.slice(0, 3))
  const shown = inspect(predictions)
  assert.ok(shown.includes(predictions[0].customerId) && shown.includes('1900 more predictions'), shown.slice(-80))
  predictions[3] = { mine: true }
  assert.deepEqual(predictions[3], { mine: true })
})

test('columns, rows and Arrow hold the same numbers', async () => {
  const scored = await engine.score(LABELLED, at)
  const probabilities = scored.column('churnProbability')
  assert.ok(probabilities instanceof Float64Array)
  assert.deepEqual(scored.columnNames, Object.keys(scored.predictions[0]))
  const ids = scored.column('customerId')
  let row = 0
  for await (const prediction of scored) {
    assert.ok(Object.is(prediction.churnProbability, probabilities[row]) && prediction.customerId === ids[row])
    row += 1
  }
  assert.equal(row, 2000)
  // What goes out as Arrow comes in as Arrow: the columns are data like any other.
  const arrow = await scored.toArrow()
  assert.ok(Buffer.isBuffer(arrow))
  const mapped = await mapColumns(arrow)
  assert.equal(mapped.columns.length, scored.columnNames.length)
  assert.equal(mapped.fields.customer_id, 'customer_id')
  assert.equal((await failure(() => scored.column('x'))).code, 'invalid_argument')
  assert.equal((await failure(() => engine.score(arrow.subarray(0, 40)))).code, 'malformed')
  const streamed = []
  for await (const prediction of engine.scoreRows(Readable.from(records.slice(0, 5)), at)) streamed.push(prediction)
  assert.deepEqual(streamed, scored.predictions.slice(0, 5))
})

test('explanations add up to what the score is made of', async () => {
  const { values, data, shape, baseValue, featureNames } = await engine.explain(LABELLED, at)
  assert.deepEqual(shape, [2000, featureNames.length])
  assert.equal(values.length, shape[0] * shape[1])
  assert.equal(data.length, values.length)
  const margins = Array.from({ length: 2000 }, (_, i) => values.subarray(i * shape[1], (i + 1) * shape[1]).reduce((a, b) => a + b, baseValue))
  const order = margins.map((m, i) => i).sort((a, b) => margins[a] - margins[b])
  const p = expected.column('churnProbability')
  for (let i = 1; i < order.length; i += 1) assert.ok(p[order[i]] >= p[order[i - 1]] - 1e-12)
  const one = engine.scoreOneSync(records[0], at).explanation.topFactors
  // Reasons put columns that say the same into one; the sum is the same.
  const told = one.reduce((sum, factor) => sum + factor.shapValue, baseValue)
  assert.ok(Math.abs(told - margins[0]) < 1e-9)
  const contract = one.find((factor) => factor.feature === 'contract')
  assert.ok(Object.is(values[featureNames.indexOf('contract')], contract.shapValue))
})

test('progress is told, and what the callback throws stops the call', async () => {
  const seen = []
  await engine.score(LABELLED, { ...at, onProgress: (p) => seen.push(p) })
  assert.deepEqual(seen.at(-1), { stage: 'scoring', done: 2000, total: 2000 })
  const mine = new Error('enough')
  const stopping = engine.score(LABELLED, { onProgress: () => { throw mine } })
  await assert.rejects(stopping, mine)
})

test('a signal stops every call that returns a Promise', async () => {
  const calls = {
    score: (options) => engine.score(LABELLED, options),
    scoreOne: (options) => engine.scoreOne(CUSTOMER, options),
    explain: (options) => engine.explain(LABELLED, options),
    evaluate: (options) => engine.evaluate(LABELLED, options),
    train: (options) => Engine.train(LABELLED, { learner: 'logistic', ...options }),
    mapColumns: (options) => mapColumns(LABELLED, options),
    validate: (options) => validate(LABELLED, options),
  }
  for (const [name, call] of Object.entries(calls)) {
    const before = await failure(() => call({ signal: AbortSignal.abort('early') }))
    assert.deepEqual([before.code, before.number, before.name, before.cause], ['cancelled', 1004, 'AbortError', 'early'], name)
    const controller = new AbortController()
    const promise = call({ signal: controller.signal })
    controller.abort()
    assert.equal((await failure(() => promise)).code, 'cancelled', name)
    // A signal that is not used does nothing.
    if (name !== 'train') await call({ signal: new AbortController().signal })
  }
  const rows = engine.scoreRows(LABELLED, { signal: AbortSignal.abort() })
  assert.equal((await failure(() => rows.next())).code, 'cancelled')
})

test('a training rejects as soon as it is stopped', async () => {
  const controller = new AbortController()
  const promise = Engine.train(LABELLED, { learner: 'logistic', signal: controller.signal })
  setTimeout(() => controller.abort(), 20)
  const start = performance.now()
  assert.equal((await failure(() => promise)).code, 'cancelled')
  assert.ok(performance.now() - start < 2000)
})

test('what is no signal, no function and no table is told', async () => {
  const cases = [
    [{ signal: 3 }, 'signal'],
    [{ onProgress: 3 }, 'onProgress'],
    [{ other: 3 }, 'other'],
  ]
  for (const [options, argument] of cases) {
    const error = await failure(() => engine.score(LABELLED, options))
    assert.deepEqual([error.code, error.context.argument], ['invalid_argument', argument])
  }
  assert.equal((await failure(() => engine.score({ a: [1, 2], b: [1] }))).code, 'malformed')
  assert.equal((await failure(() => engine.score({ a: 1 }))).code, 'invalid_argument')
  assert.equal((await failure(() => engine.score(Readable.from(['a,b\n', { a: 1 }])))).code, 'invalid_argument')
  const broken = Readable.from((async function* () { yield 'a,b\n'; throw new Error('line cut') })())
  await assert.rejects(engine.score(broken), /line cut/)
  const item = await failure(() => engine.score([...records.slice(0, 300), 'x']))
  assert.equal(item.context.item, '301')
})
