// Health, leads, alerts and decisions: the vectors that every language runs, and a few calls as users write them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import * as churn from '../index.mjs'

const { call } = createRequire(import.meta.url)('../loader.js').loadAddon()
const root = fileURLToPath(new URL('../..', import.meta.url))
const DATA = ['changes', 'churned', 'counts', 'details', 'dimensions', 'fields', 'overrides', 'record', 'scales', 'sections', 'silenced', 'table', 'values',
  'event_overrides', 'tickets', 'payments', 'usage', 'interactions', 'subscriptions']
const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())

/** The arguments of a vector as JavaScript writes them. */
function renamed(value) {
  if (Array.isArray(value)) return value.map(renamed)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [camel(k), DATA.includes(k) ? v : renamed(v)]))
}

function at(answer, pointer) {
  let value = answer
  let data = false
  for (const step of pointer.split('/').slice(1)) {
    value = value?.[data ? step : camel(step)]
    data = data || DATA.includes(step)
  }
  return value
}

for (const name of ['alert', 'decide', 'health', 'lead']) {
  test(`${name} vectors`, async () => {
    const vectors = JSON.parse(readFileSync(`${root}/test-data/vectors/desk/${name}.json`, 'utf8'))
    let checked = 0
    for (const vector of vectors.tests) {
      const where = `${name} ${vector.id}: ${vector.comment}`
      const answer = call(vector.call, renamed(vector.arguments))
      if (vector.result === 'error') {
        await assert.rejects(answer, (error) => {
          assert.equal(error.code, vector.code, where)
          for (const [key, value] of Object.entries(vector.context)) {
            assert.equal(error.context[camel(key)], key === 'argument' ? camel(value) : value, where)
          }
          return true
        })
      } else {
        const got = await answer
        for (const [pointer, expected] of Object.entries(vector.expect)) {
          const value = at(got, pointer)
          if (expected === 'absent') assert.equal(value, undefined, where)
          else if (typeof expected === 'number') assert.ok(Math.abs(value - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${where}: ${pointer} is ${value}`)
          else assert.deepEqual(value, expected, `${where}: ${pointer}`)
        }
      }
      checked += 1
    }
    assert.equal(checked, vectors.number_of_tests)
  })
}

test('health, leads and alerts as users call them', async () => {
  const health = await churn.healthScore([{ customer_id: 'a', logins_30d: 30, failed_payments: 0, contract: 'One year', open_tickets: 0 }], { config: 'saas' })
  assert.equal(health.scores[0].customerId, 'a')
  assert.ok(health.scores[0].points.every((p) => p.won >= 0 && p.lost >= 0))
  const leads = await churn.leadScore({ property_value: 600000 })
  assert.equal(leads.scores[0].temperature, 'cold')
  const observations = [{ customerId: 'a', at: '2026-03-02T10:00:00Z', owner: 'ann', values: { churn_probability: 0.9 } }]
  const step = await churn.alertStep(null, observations, { now: new Date('2026-03-02T11:00:00Z') })
  assert.equal(step.notifications[0].rule, 'churn_likely')
  const again = await churn.alertStep(step.state, observations, { now: '2026-03-02T11:00:00Z' })
  assert.deepEqual(again.notifications, [])
  const plan = await churn.selectContacts([{ customerId: 'a', probability: 0.6, value: 900 }], { holdOut: 0 })
  assert.equal(plan.contacts[0].group, 'contact')
})

test('health from tables of events', async () => {
  const usage = Array.from({ length: 20 }, (_, i) => ({ customer_id: 'a', occurred_at: new Date(Date.UTC(2026, 2, 2 + i)) }))
  const tickets = [{ customer_id: 'a', ticket_id: 'T', created_at: '2026-03-20', resolved_at: '2026-04-02' }]
  const health = await churn.healthScore(null, { usage, tickets, asOf: '2026-04-01', config: 'saas', settings: { responseHours: 8 } })
  assert.equal(health.scores[0].customerId, 'a')
  const point = (field) => health.scores[0].points.find((p) => p.field === field)
  assert.equal(point('tickets_open').value, 1)
  assert.equal(point('usage_active_days_30d').value, 20)
  await assert.rejects(churn.healthScore(null, {}), { code: 'invalid_argument' })
})

test('what would change the risk', async () => {
  const engine = churn.Engine.pretrained('telecom')
  const record = { customer_id: 'a', tenure_months: 3, monthly_charges: 95, contract: 'Month-to-month', tech_support: 'No', online_security: 'No', internet_service: 'Fiber optic', payment_method: 'Electronic check' }
  const before = engine.scoreOneSync(record).churnProbability
  const after = await engine.whatIf(record, { contract: 'Two year' })
  assert.ok(after.churnProbability < before)
  const found = await engine.counterfactuals(record, { target: 0.5, n: 2 })
  assert.ok(found.answers.length > 0 && found.answers.every((a) => a.churnProbability <= 0.5), found.note)
  const one = await engine.counterfactuals(record, { target: 0.5, actionable: [{ field: 'contract', to: ['Two year'], cost: 1 }] })
  assert.deepEqual(one.actionable, ['contract'])
  await assert.rejects(engine.counterfactuals(record, { target: 7 }), { code: 'invalid_argument' })
})
