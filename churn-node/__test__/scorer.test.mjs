import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Engine } from '../index.mjs'
import { AT, CUSTOMER } from './support.mjs'

const engine = Engine.pretrained('telecom')

test('a scorer gives the predictions of scoreOne', () => {
  const scorer = engine.scorer(CUSTOMER)
  assert.deepEqual(scorer.columns, Object.keys(CUSTOMER))
  const changes = [{}, { tenure_months: 40.5 }, { contract: 'two year' }, { contract: null }, { tenure_months: -5 }]
  for (const change of [...changes, ...changes]) {
    const record = { ...CUSTOMER, ...change }
    assert.deepEqual(scorer.score(record, { scoredAt: AT }), engine.scoreOneSync(record, { scoredAt: AT }))
  }
})

test('an example without the required keys is refused', () => {
  assert.throws(() => engine.scorer({ colour: 'red' }), { code: 'field_unmapped' })
})
