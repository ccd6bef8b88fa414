// The Express example under load, and the delay of its event loop meanwhile: 1,000 single customers at once while a
// file of 1,000,000 rows is scored in the same process. `node benches/hosts/express_loop.mjs [customers] [rows] [at once]`; ends
// with code 1 where an answer is not 200 or the loop is held up for more than 20 ms. What the loop's delay is without the
// file, and without anything, stands beside it: the machine's own part. The clients are `load.py`.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Engine } from '../../churn-node/index.mjs'
import { service } from '../../churn-node/examples/express/server.mjs'

const [customers, n] = [Number(process.argv[2] ?? 1000), Number(process.argv[3] ?? 1_000_000)]
const root = fileURLToPath(new URL('../../', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'churn-express-'))
const path = join(directory, 'customers.csv')
const [header, ...rows] = readFileSync(join(root, 'test-data/telecom_labelled.csv'), 'utf8').trim().split('\n')
const out = createWriteStream(path)
out.write(`${header}\n`)
for (let i = 0; i < n; i += rows.length) {
  const part = rows.slice(0, n - i).map((row, j) => `R${i + j}${row.slice(row.indexOf(','))}`)
  if (!out.write(`${part.join('\n')}\n`)) await once(out, 'drain')
}
out.end()
await once(out, 'finish')

const server = service(Engine.pretrained('telecom')).listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
await once(server, 'listening')
const delay = monitorEventLoopDelay({ resolution: 1 })
const delays = {}
/** What was measured since the last call, in milliseconds. */
function take(name) {
  const ms = (nanoseconds) => +(nanoseconds / 1e6).toFixed(1)
  delays[name] = { max: ms(delay.max), '99.9 %': ms(delay.percentile(99.9)), '99 %': ms(delay.percentile(99)) }
  delay.reset()
}
const load = async (file) => {
  const clients = [join(root, 'benches/hosts/load.py'), `http://127.0.0.1:${server.address().port}`, 'raw']
  const { stdout } = await promisify(execFile)(process.env.PYTHON ?? 'python3', [...clients, customers, file, process.argv[4] ?? 32].map(String))
  return JSON.parse(stdout)
}
delay.enable()
await setTimeout(2000)
take('idle')
await load('-')
take('customers alone')
const result = await load(path)
take('customers and the file')
delay.disable()
server.close()
rmSync(directory, { recursive: true })

result.loop_delay_ms = delays
console.log(JSON.stringify(result, null, 1))
const good = result.customers['200'] === customers && result.file === 200 && result.file_rows === n
process.exitCode = good && delays['customers and the file'].max <= 20 ? 0 : 1
