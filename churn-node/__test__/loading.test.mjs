import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import churn, * as names from '../index.mjs'
import { CUSTOMER, directory } from './support.mjs'

const require = createRequire(import.meta.url)
const { addonName, loadAddon, platformName } = require('../loader.js')

test('CommonJS and ES modules give the same objects, by the names of the package', () => {
  const common = require('..')
  assert.deepEqual(Object.keys(common).sort(), ['Engine', 'mapColumns', 'validate', 'version'])
  for (const [name, value] of Object.entries(common)) {
    assert.equal(names[name], value)
    assert.equal(churn[name], value)
  }
  assert.ok(common.Engine.pretrained('saas') instanceof names.Engine)
})

test('the package is found by its own name', async () => {
  assert.equal((await import('churn-node')).Engine, names.Engine)
  assert.equal(require('churn-node').Engine, names.Engine)
})

test('a missing add-on, an unknown platform and a broken file are told apart', (t) => {
  const empty = directory(t)
  const missing = (platform) => assert.throws.bind(null, () => loadAddon(empty, platform))
  missing(platformName())({ code: 'ERR_CHURN_ADDON_MISSING', message: /is missing; build it: npm run build/ })
  missing('plan9-pdp11')({ code: 'ERR_CHURN_PLATFORM', message: /no add-on is made for the platform plan9-pdp11/ })
  writeFileSync(join(empty, addonName()), 'this is not a library')
  assert.throws(() => loadAddon(empty), (error) => {
    assert.equal(error.code, 'ERR_CHURN_ADDON_BROKEN')
    assert.ok(error.message.includes(error.cause.message), 'what the system said')
    assert.deepEqual(error.context, { path: join(empty, addonName()), platform: platformName() })
    return true
  })
})

test('it works in a worker thread', async () => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { Engine } = require(workerData.path)
    Engine.pretrained('telecom').scoreOne(workerData.customer).then((p) => parentPort.postMessage(p.churnProbability))`
  const worker = new Worker(code, { eval: true, workerData: { path: require.resolve('..'), customer: { ...CUSTOMER } } })
  const probability = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  await worker.terminate()
  assert.equal(probability, names.Engine.pretrained('telecom').scoreOneSync(CUSTOMER).churnProbability)
})
