// How long the event loop is held up while a large file is scored in the same process, as a path, a Buffer and a
// stream, and while its result is looked at. `node benches/node/event_loop.mjs [rows]`; ends with code 1 above 20 ms.
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Engine } from '../../churn-node/index.mjs'

const N = Number(process.argv[2] ?? 1_000_000)
const LIMIT = 20
const root = new URL('../../', import.meta.url)
const directory = mkdtempSync(join(tmpdir(), 'churn-loop-'))
const path = join(directory, 'customers.csv')

const [header, ...rows] = readFileSync(new URL('test-data/telecom_labelled.csv', root), 'utf8').trim().split('\n')
const out = createWriteStream(path)
out.write(`${header}\n`)
for (let i = 0; i < N; i += rows.length) {
  const part = rows.slice(0, N - i).map((row, j) => `R${i + j}${row.slice(row.indexOf(','))}`)
  if (!out.write(`${part.join('\n')}\n`)) await once(out, 'drain')
}
out.end()
await once(out, 'finish')

const engine = Engine.pretrained('telecom')
await engine.score(new URL('test-data/telecom_labelled.csv', root).pathname)
const content = readFileSync(path)

async function measure(name, work) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const start = performance.now()
  await work()
  const took = performance.now() - start
  await new Promise((resolve) => setTimeout(resolve, 50))
  delay.disable()
  const [max, p99] = [delay.max / 1e6, delay.percentile(99) / 1e6]
  console.log(`${name.padEnd(40)} ${took.toFixed(0).padStart(7)} ms   delay: max ${max.toFixed(1)} ms, 99 % ${p99.toFixed(1)} ms`)
  return max
}

let scored
// What the machine itself does to a loop with nothing to do, for comparison.
await measure('nothing at all', () => new Promise((resolve) => setTimeout(resolve, 5000)))
const delays = [
  await measure(`score a path of ${N} rows`, async () => {
    scored = await engine.score(path)
  }),
  await measure('score the same as a Buffer', () => engine.score(content)),
  await measure('score the same as a stream', () => engine.score(createReadStream(path))),
  await measure('for await over its rows', async () => {
    let sum = 0
    for await (const row of scored) sum += row.churnProbability
  }),
  await measure('a column, and the first rows', async () => scored.column('churnProbability')[0] + scored.predictions.slice(0, 1000).length),
  await measure('as Arrow', () => scored.toArrow()),
]
rmSync(directory, { recursive: true })
const worst = Math.max(...delays)
console.log(`${worst <= LIMIT ? 'ok' : 'TOO LONG'}: at most ${worst.toFixed(1)} ms`)
process.exitCode = worst <= LIMIT ? 0 : 1
