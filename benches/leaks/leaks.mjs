// Memory of a process that makes an engine, scores and lets go, again and again: `node --expose-gc leaks.mjs [cycles]`.
// Ends with code 1 where the memory grew by more than 16 MB between a tenth of the way and its end.
import { setImmediate as turn } from 'node:timers/promises'
import { Engine } from '../../churn-node/index.mjs'

const LIMIT = 16 << 20
const cycles = Number(process.argv[2] ?? 100_000)
const record = { customer_id: 'A1', tenure_months: 2, monthly_charges: 89.9, contract: 'Month-to-month' }
const data = Engine.pretrained('telecom').toBytes()

async function resident() {
  for (let i = 0; i < 4; i += 1) {
    globalThis.gc?.()
    await turn()
  }
  return process.memoryUsage().rss
}

let before = 0
for (let i = 0; i < cycles; i += 1) {
  const engine = Engine.fromBytes(data)
  engine.scoreOneSync(record)
  const { predictions } = await engine.score([record], { signal: new AbortController().signal })
  if (predictions[0].customerId !== 'A1') throw new Error('another customer')
  try {
    engine.scoreOneSync({ tenure_months: 2 })
  } catch {}
  if (i === Math.floor(cycles / 10)) before = await resident()
}
const grown = (await resident()) - before
console.log(`Node: ${cycles} cycles, memory grew by ${(grown / 1e6).toFixed(2)} MB after the first tenth (${(before / 1e6).toFixed(1)} MB)`)
process.exitCode = grown <= LIMIT ? 0 : 1
