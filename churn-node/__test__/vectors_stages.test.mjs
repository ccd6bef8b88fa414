// The vectors of every stage, and every error once: the same as in all languages.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import test from 'node:test'
import { Engine, mapColumns, validate } from '../index.mjs'
import { failure, testData } from './support.mjs'

const asOf = '2026-06-30'
const read = (file) => JSON.parse(readFileSync(testData(`vectors/${file}`), 'utf8'))

async function run(file, outcome) {
  const vectors = read(file)
  let checked = 0
  for (const vector of vectors.tests) {
    assert.deepEqual(await outcome(vector), vector.expected, `${file}, vector ${vector.id}: ${vector.comment}`)
    checked += 1
  }
  assert.equal(checked, vectors.number_of_tests)
  assert.ok(checked > 0)
}

test('map', () =>
  run('map/headers.json', async ({ input }) => {
    const mapping = await mapColumns(input.headers, { samples: input.samples, ...input.options })
    return {
      fields: mapping.fields,
      columns: mapping.columns.map((c) => [c.source, c.field, c.confidence]),
      missing: mapping.missing.map((m) => m.anyOf),
    }
  }))

test('validate', () =>
  run('validate/files.json', async ({ input }) => {
    const { ok, score, findings } = await validate(testData(input.file), input.options)
    return { ok, score, findings: findings.map((f) => [f.code, f.severity, f.column, f.rowsAffected, f.exampleRows]) }
  }))

const explained = ({ model, input }) => Engine.pretrained(model).explain(Buffer.from(input.text), { asOf })
const rows = (values, [n, m]) =>
  Array.from({ length: n }, (_, i) => Array.from(values.subarray(i * m, (i + 1) * m), (x) => (Number.isNaN(x) ? null : x)))

test('features', () =>
  run('features/tables.json', async (vector) => {
    const { featureNames, data, shape } = await explained(vector)
    return { names: featureNames, rows: rows(data, shape) }
  }))

test('explain', () =>
  run('explain/tables.json', async (vector) => {
    const { baseValue, values, shape } = await explained(vector)
    return { base_value: baseValue, rows: rows(values, shape) }
  }))

test('decide', () =>
  run('decide/records.json', ({ model, input }) => {
    const p = Engine.pretrained(model).scoreOneSync(input, { asOf })
    return {
      risk_level: p.riskLevel,
      top_risk_factor: p.topRiskFactor,
      recommendation: p.recommendation,
      recommendation_evidence: p.recommendationEvidence,
    }
  }))

test('every error happens once', async () => {
  const engine = Engine.pretrained('telecom')
  const addon = createRequire(import.meta.url)('../loader.js').loadAddon()
  const table = ({ file, columns }) => {
    if (file) return testData(file)
    const names = Array.from({ length: columns }, (_, i) => `c${i}`)
    return Buffer.from(`${names.join(',')}\n${names.map(() => '1').join(',')}\n`)
  }
  const calls = {
    pretrained: ({ name }) => Engine.pretrained(name),
    load: ({ file }) => Engine.load(testData(file)),
    score_one: ({ record, options }) => engine.scoreOne(record, options),
    score: (input) => engine.score(table(input)),
    train: (input) => Engine.train(table(input), { label: input.label, profile: 'generic' }),
    bug: () => addon.panicInJob(0),
    stop: (input) => {
      const controller = new AbortController()
      const promise = engine.score(table(input), { signal: controller.signal })
      controller.abort()
      return promise
    },
  }
  const vectors = read('errors/calls.json')
  const seen = new Set()
  for (const { call, input, expected, comment } of vectors.tests) {
    const error = await failure(() => calls[call](input))
    assert.equal(error.code, expected.code, comment)
    seen.add(error.code)
  }
  const pages = readFileSync(testData('../docs/errors.md'), 'utf8')
  const documented = [...pages.matchAll(/^\| \d+ \| `(\w+)`/gm)].map(([, code]) => code)
  assert.deepEqual([...seen].sort(), documented.filter((code) => !vectors.not_raised.includes(code)).sort())
})
