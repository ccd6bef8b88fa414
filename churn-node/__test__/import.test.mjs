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
