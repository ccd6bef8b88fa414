// Scoring 100,000 customers x 40 columns from Node, against Rust's own time (`make bench-overhead`).
import { readFileSync } from 'node:fs'
import { Engine } from '../../churn-node/index.mjs'

const folder = process.argv[2]
const rust = JSON.parse(readFileSync(`${folder}/rust.json`, 'utf8'))
const engine = Engine.pretrained('telecom')
const [arrow, csv] = ['arrow', 'csv'].map((kind) => readFileSync(`${folder}/customers.${kind}`))
const [header, ...lines] = csv.toString().split('\n').map((line) => line.split(','))
const records = lines.map((cells) => Object.fromEntries(header.map((name, i) => [name, cells[i]])))
const columns = Object.fromEntries(header.map((name, i) => [name, lines.map((cells) => cells[i])]))
const runs = [
  ['Arrow IPC Buffer', 'arrow_ipc', () => engine.score(arrow)],
  ['CSV Buffer', 'csv', () => engine.score(csv)],
  ['columns', 'frame', () => engine.score(columns)],
  ['objects', 'frame', () => engine.score(records)],
  ['Arrow to Arrow', 'arrow_ipc', async () => (await engine.score(arrow)).toArrow()],
]
for (const [name, base, run] of runs) {
  let best = Infinity
  for (let i = 0; i < 5; i += 1) {
    const start = performance.now()
    await run()
    best = Math.min(best, (performance.now() - start) / 1000)
  }
  const percent = Math.round(100 * (best / rust[base] - 1))
  console.log(`Node:   ${name.padEnd(16)} ${best.toFixed(3)} s, ${percent >= 0 ? '+' : ''}${percent} % against Rust's ${base} ${rust[base].toFixed(3)} s`)
}
