import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Engine } from '../index.mjs'
import { AT, CUSTOMER, LABELLED } from './support.mjs'

const engine = Engine.pretrained('telecom')

test('20 tables at once leave the event loop free, and give what one gives', async () => {
  const [header, ...rows] = readFileSync(LABELLED, 'utf8').trim().split('\n')
  const table = Buffer.from([header, ...Array(3).fill(rows).flat()].join('\n'))
  const expected = await engine.score(table, { scoredAt: AT })

  let ticks = 0
  let widest = 0
  let last = performance.now()
  const tick = () => {
    ticks += 1
    widest = Math.max(widest, performance.now() - last)
    last = performance.now()
  }
  const timer = setInterval(tick, 1)
  const start = performance.now()
  const all = await Promise.all(Array.from({ length: 20 }, () => engine.score(table, { scoredAt: AT })))
  const took = performance.now() - start
  clearInterval(timer)

  for (const scored of all) assert.deepEqual(scored.summary, expected.summary)
  assert.deepEqual(all[19].predictions, expected.predictions)
  assert.ok(ticks >= 5 && widest < took / 2, `${ticks} ticks, at most ${widest} ms apart, in ${took} ms`)
})

test('many customers at once', async () => {
  const records = Array.from({ length: 100 }, (_, i) => ({ ...CUSTOMER, customer_id: i, tenure_months: i % 72 }))
  const promised = await Promise.all(records.map((r) => engine.scoreOne(r, { scoredAt: AT })))
  assert.deepEqual(promised, records.map((r) => engine.scoreOneSync(r, { scoredAt: AT })))
})

test('a record may change after the call', async () => {
  const record = { ...CUSTOMER }
  const promise = engine.scoreOne(record, { scoredAt: AT })
  record.tenure_months = 70
  assert.deepEqual(await promise, engine.scoreOneSync(CUSTOMER, { scoredAt: AT }))
})

test('the pool goes behind the event loop', { skip: process.platform !== 'linux' }, () => {
  // Of /proc/[pid]/task/[tid]/stat, behind the name in brackets, the seventeenth field is the niceness.
  const niceness = (thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  }
  const all = new Map(readdirSync('/proc/self/task').map((thread) => [Number(thread), niceness(thread)]))
  const loop = all.get(process.pid)
  const behind = [...all.values()].filter((nice) => nice === 10).length
  assert.ok(loop < 10 && behind >= 1, `the loop has ${loop}, ${behind} threads have 10`)
})
