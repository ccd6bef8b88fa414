import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { Engine } from '../index.mjs'

const file = (name) => fileURLToPath(new URL(`../../test-data/imported/${name}`, import.meta.url))
const cases = JSON.parse(readFileSync(file('cases.json'), 'utf8'))

test('a model trained elsewhere predicts what its library predicts', () => {
  for (const [name, kind, tolerance] of [['lgb_categories', 'txt', 0], ['skl_forest', 'json', 0], ['xgb_wide_sets', 'ubj', 2e-6]]) {
    const engine = Engine.importModel(file(`${name}.${kind}`))
    const { inputs, margins } = cases[name]
    const width = engine.featureNames.length
    const matrix = Float64Array.from(inputs.flat(), (v) => v ?? NaN)
    const own = engine.predictMargin(matrix)
    const shap = engine.shapValues(matrix)
    assert.equal(shap.length, matrix.length)
    const sums = Array.from(own, (m, r) => m - shap.slice(r * width, (r + 1) * width).reduce((a, b) => a + b, 0))
    for (const [r, margin] of margins.entries()) {
      assert.ok(Math.abs(own[r] - margin) <= tolerance, `${name}, row ${r}`)
      assert.ok(Math.abs(sums[r] - sums[0]) < 1e-9, 'one base value')
    }
    assert.ok(engine.predictProba(matrix).every((p) => p >= 0 && p <= 1))
  }
})

test('what cannot be imported is refused', () => {
  assert.throws(() => Engine.importModel(file('refused/xgb_softprob.json')), { code: 'unsupported' })
  assert.throws(() => Engine.importModel(file('lgb_plain.txt')).predictMargin(new Float64Array(3)), { code: 'invalid_argument' })
})

test('a model trained elsewhere is named, cut, and read from bytes', () => {
  const path = file('lgb_plain.txt')
  const options = { name: 'theirs', version: '2.1', iterations: 3, profile: 'telecom' }
  const [whole, cut, same] = [Engine.importModel(path), Engine.importModel(path, options), Engine.importModelBytes(readFileSync(path), options)]
  const rows = Float64Array.of(2, 89.9, 1, NaN, 60, 19.9, 0, 7)
  assert.deepEqual(cut.predictMargin(rows), same.predictMargin(rows))
  assert.notDeepEqual(cut.predictMargin(rows), whole.predictMargin(rows))
  assert.equal(cut.modelVersion, 'theirs 2.1')
  const featureNames = ['Tenure', 'Monthly fee', 'Contract_Two year', 'Calls']
  const known = ['tenure_months', 'monthly_charges', 'Contract_Two year', 'Calls']
  assert.deepEqual(Engine.importModel(path, { featureNames }).featureNames, known)
  const named = (e) => e.code === 'invalid_argument' && e.context.argument === 'featureNames'
  assert.throws(() => Engine.importModel(path, { featureNames: ['a'] }), named)
  assert.throws(() => Engine.importModel(path, { rounds: 3 }), { code: 'invalid_argument' })
  assert.throws(() => Engine.importModelBytes('text'), { code: 'invalid_argument' })
})

test('SHAP values against a background, and interactions', () => {
  const engine = Engine.importModel(file('lgb_plain.txt'))
  const rows = Float64Array.of(2, 89.9, 1, NaN, 60, 19.9, 0, 7)
  const margins = engine.predictMargin(rows)
  const sum = (values) => values.reduce((a, b) => a + b, 0)
  assert.ok(Math.abs(engine.expectedValue + sum(engine.shapValues(rows.subarray(0, 4))) - margins[0]) < 1e-12)
  const against = engine.shapValues(rows, { background: rows.subarray(4) })
  assert.ok(Math.abs(margins[1] + sum(against.subarray(0, 4)) - margins[0]) < 1e-12)
  assert.ok(against.subarray(4).every((v) => v === 0), 'a row against itself')
  const pairs = engine.shapInteractionValues(rows)
  assert.equal(pairs.length, 2 * 4 * 4)
  const shap = engine.shapValues(rows)
  for (let i = 0; i < 8; i += 1) assert.ok(Math.abs(sum(pairs.subarray(4 * i, 4 * i + 4)) - shap[i]) < 1e-12)
  assert.throws(() => engine.shapValues(rows, { background: [1, 2, 3, 4] }), { code: 'invalid_argument', context: { argument: 'background' } })
  assert.throws(() => engine.shapValues(rows, { background: new Float64Array(0) }), { code: 'invalid_argument' })
})
