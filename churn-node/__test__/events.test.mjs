// Tables of events: features, training sets, one customer live.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Engine, buildFeatures, buildTrainingSet, checkPointInTime } from '../index.mjs'

const DAY = 86_400_000
const START = Date.UTC(2024, 0, 1)

/** Invented customers and their uses; some fall silent. */
function world () {
  const customers = []
  const usage = []
  let state = 17
  const draw = (n) => (state = (state * 48271) % 2147483647) % n
  for (let c = 0; c < 120; c++) {
    const id = `C${c}`
    customers.push({ customer_id: id, signup_date: '2024-01-01' })
    const end = c % 2 === 0 ? 120 + draw(250) : 400
    for (let day = draw(20); day < end; day += 1 + draw(20)) {
      usage.push({ customer_id: id, occurred_at: new Date(START + day * DAY + draw(DAY)), event: ['a', 'b'][draw(2)] })
    }
  }
  return { customers, usage }
}

test('the instant itself belongs to the future', async () => {
  const usage = [
    { customer_id: 1, occurred_at: '2024-05-31T23:59:59Z', event: 'x' },
    { customer_id: 1, occurred_at: '2024-06-01T00:00:00Z', event: 'y' }
  ]
  const built = await buildFeatures([{ customer_id: 1 }], { usage, tickets: [], asOf: '2024-06-01' })
  assert.equal(built.rows[0].usage_events_30d, 1)
  assert.equal(built.rows[0].tickets_open, 0)
  assert.equal(built.rows[0].tickets_csat_last, null)
  assert.ok(built.findings.some((f) => f.code === 'table_missing'))
  await assert.rejects(buildFeatures([{ customer_id: 1 }], { usage }), { code: 'invalid_argument' })
})

test('from snapshots to a live score', async () => {
  const { customers, usage } = world()
  const gate = await checkPointInTime(customers, { usage, asOf: new Date(START + 200 * DAY) })
  assert.deepEqual({ ok: gate.ok, columns: gate.columns }, { ok: true, columns: [] })
  assert.ok(gate.rowsRemoved > 0)
  const settings = { keyEvents: ['a'], custom: [{ name: 'b_30d', table: 'usage', aggregate: 'count', windowDays: 30, filter: [{ column: 'event', op: 'eq', value: 'b' }] }] }
  const definition = { horizonDays: 40, inactivityDays: 40 }
  const built = await buildTrainingSet(customers, { usage, definition, settings, start: '2024-04-01', every: 14 })
  assert.ok(built.rows.length > 500 && built.definition.graceDays === 1 && built.definitionText.includes('40 days'))
  const engine = await Engine.train(built.rows, { profile: 'generic', learner: 'logistic', definition: built.definition, settings: built.settings })
  assert.equal(engine.card.definition.horizonDays, 40)
  const asOf = '2024-12-01'
  const batch = await buildFeatures(customers, { usage, asOf, settings })
  const scored = await engine.score(batch.rows)
  const own = usage.filter((u) => u.customer_id === 'C8').map(({ customer_id: _, ...rest }) => rest)
  const live = await engine.scoreCustomer(customers[8], { usage: own, asOf })
  assert.equal(live.churnProbability, scored.predictions[8].churnProbability)
})
