// The vectors that every language runs, and the example of the README: the same bits as Rust.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const churn = require('..')
const root = fileURLToPath(new URL('../..', import.meta.url))

function outcome({ model, input }) {
  try {
    const p = churn.Engine.pretrained(model).scoreOneSync(input, { asOf: '2026-06-30' })
    return {
      churn_probability: p.churnProbability,
      probability_low: p.confidence.low,
      probability_high: p.confidence.high,
      base_probability: p.explanation.baseProbability,
      risk_level: p.riskLevel,
      shap_values: p.explanation.topFactors.map((f) => [f.feature, f.shapValue]),
    }
  } catch (error) {
    return { error: error.code }
  }
}

test('score vectors', () => {
  const vectors = JSON.parse(readFileSync(`${root}/test-data/vectors/score/pretrained.json`, 'utf8'))
  let checked = 0
  for (const vector of vectors.tests) {
    assert.deepEqual(outcome(vector), vector.expected, vector.comment)
    checked += 1
  }
  assert.equal(checked, vectors.number_of_tests)
  assert.ok(checked > 0)
})

test('the example of the README runs', async () => {
  const [, code] = /```js\n([\s\S]*?)```/.exec(readFileSync(`${root}/README.md`, 'utf8'))
  const printed = []
  const AsyncFunction = (async () => {}).constructor
  const here = process.cwd()
  process.chdir(root)
  try {
    await new AsyncFunction('require', 'console', code)(() => churn, { log: (...parts) => printed.push(parts) })
  } finally {
    process.chdir(here)
  }
  assert.equal(printed.length, 2)
  assert.equal(printed[0][0].customers, 502)
})
