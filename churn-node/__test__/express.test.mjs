// The Express example over real HTTP, on loopback and a free port.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import { Engine } from '../index.mjs'
import { service } from '../examples/express/server.mjs'
import { CUSTOMER, LABELLED } from './support.mjs'

const engine = Engine.pretrained('telecom')
const file = readFileSync(LABELLED)
let server
let url

before(async () => {
  server = service(engine).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${server.address().port}`
})
after(() => server.close())

const post = (path, body, type = 'text/csv') => fetch(url + path, { method: 'POST', body, headers: { 'content-type': type } })
const score = (record) => post('/customers/score', JSON.stringify(record), 'application/json')

test('health, mapping, scores of a file, one customer', async () => {
  assert.deepEqual(await (await fetch(`${url}/health`)).json(), { status: 'ok', model: engine.modelVersion })
  const mapping = await (await post('/mapping', file)).json()
  assert.equal(mapping.fields.monthly_charges, 'monthly_charges')
  const { summary, quality, predictions } = await (await post('/scores?offset=10&limit=5', file)).json()
  assert.deepEqual([summary.customers, quality.nRows, predictions.length], [2000, 2000, 5])
  const one = await (await score(CUSTOMER)).json()
  assert.equal(one.churnProbability, engine.scoreOneSync(CUSTOMER).churnProbability)
})

test('bad data is told as 422 with code and hint, and the service goes on', async () => {
  const cases = [
    [await score({ tenure_months: 3 }), 'field_unmapped'],
    [await post('/scores', ''), 'empty_input'],
    [await post('/mapping', '\0\0\0\0'), undefined],
  ]
  for (const [response, code] of cases) {
    assert.equal(response.status, 422)
    const { error } = await response.json()
    if (code) assert.equal(error.code, code)
    assert.ok(error.message)
  }
  const broken = await post('/customers/score', '{', 'application/json')
  assert.equal(broken.status, 400)
  assert.equal((await fetch(`${url}/health`)).status, 200)
})

test('many customers at once while files are scored', async () => {
  const large = Buffer.concat([file, ...Array(9).fill(file.subarray(file.indexOf('\n') + 1))])
  const files = Promise.all([post('/scores?limit=1', large), post('/scores?limit=1', large)])
  const answers = await Promise.all(Array.from({ length: 300 }, async (_, i) => {
    const response = await score({ ...CUSTOMER, customer_id: `C${i}` })
    return [response.status, (await response.json()).customerId]
  }))
  assert.deepEqual(answers, answers.map((_, i) => [200, `C${i}`]))
  for (const response of await files) assert.equal((await response.json()).summary.customers, 20_000)
})

test('a client that goes away stops its work, not the service', async () => {
  const going = request(`${url}/scores`, { method: 'POST', headers: { 'content-type': 'text/csv' } })
  going.on('error', () => {})
  going.write(file.subarray(0, 1000))
  await new Promise((resolve) => setTimeout(resolve, 50))
  going.destroy()
  assert.equal((await fetch(`${url}/health`)).status, 200)
})
