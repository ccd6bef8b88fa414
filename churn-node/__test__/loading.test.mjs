import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import churn, * as names from '../index.mjs'
import { CUSTOMER, directory } from './support.mjs'

const require = createRequire(import.meta.url)
const { addonName, loadAddon, packageName, platformName } = require('../loader.js')
const here = fileURLToPath(new URL('..', import.meta.url))

test('CommonJS and ES modules give the same objects, by the names of the package', () => {
  const common = require('..')
  assert.deepEqual(Object.keys(common).sort(), [
    'Engine',
    'alertConfig',
    'alertPayload',
    'alertReplay',
    'alertSettle',
    'alertStep',
    'buildFeatures',
    'buildTrainingSet',
    'campaignProfit',
    'checkPointInTime',
    'churnDefinition',
    'churnMovements',
    'earlyWarningFit',
    'earlyWarningWatch',
    'eventFeatures',
    'healthBacktest',
    'healthChange',
    'healthConfig',
    'healthScore',
    'healthTrend',
    'leadConfig',
    'leadScore',
    'lifetimeFit',
    'mapColumns',
    'percentChange',
    'read',
    'routeLeads',
    'selectContacts',
    'upliftReadout',
    'validate',
    'valueAtRisk',
    'version',
  ])
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
  missing(platformName())({ code: 'ERR_CHURN_ADDON_MISSING', message: /neither the add-on .* nor the package churn-node-.* is installed/ })
  missing('plan9-pdp11')({ code: 'ERR_CHURN_PLATFORM', message: /no add-on is made for the platform plan9-pdp11/ })
  writeFileSync(join(empty, addonName()), 'this is not a library')
  assert.throws(() => loadAddon(empty), (error) => {
    assert.equal(error.code, 'ERR_CHURN_ADDON_BROKEN')
    assert.ok(error.message.includes(error.cause.message), 'what the system said')
    assert.deepEqual(error.context, { path: join(empty, addonName()), platform: platformName() })
    return true
  })
})

test('the package of a platform is found where npm puts it', (t) => {
  const project = directory(t)
  const main = join(project, 'node_modules/churn-node')
  const native = join(project, 'node_modules', packageName())
  for (const path of [main, native]) mkdirSync(path, { recursive: true })
  writeFileSync(join(native, 'package.json'), JSON.stringify({ name: packageName(), version: '0.1.0' }))
  copyFileSync(join(here, addonName()), join(native, addonName()))
  assert.equal(loadAddon(main).version(), names.version)
})

test('what is published: a package a platform, and one that chooses', (t) => {
  const out = execFileSync(process.execPath, ['scripts/package.mjs'], { cwd: here, encoding: 'utf8' })
  assert.match(out, new RegExp(`${platformName()}: [0-9.]+ MB`))
  const read = (name) => JSON.parse(readFileSync(join(here, 'npm', name, 'package.json'), 'utf8'))
  const [main, native] = [read('churn-node'), read(platformName())]
  assert.equal(main.optionalDependencies[native.name], main.version)
  assert.equal(main.private, undefined)
  assert.deepEqual([native.os, native.cpu], [[process.platform], [process.arch]])
  assert.ok(!main.files.some((file) => file.endsWith('.node')) && native.files.includes(addonName()))
  for (const manifest of [main, native]) assert.equal(manifest.scripts, undefined, 'nothing runs when it is installed')
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

test('every call of the table in docs/calls.md is there', () => {
  const text = readFileSync(new URL('../../docs/calls.md', import.meta.url), 'utf8')
  const [table, below] = text.split('## Calls in JSON')
  const named = table.split('\n').map((line) => line.split('|')[3]?.match(/^ `([\w.]+)` $/)?.[1]).filter(Boolean)
  assert.ok(named.length > 25)
  for (const name of named) {
    const method = name.replace('Engine.', '')
    const found = name.startsWith('Engine.') ? method in names.Engine || method in names.Engine.prototype : name in names
    assert.ok(found, name)
  }
  const calls = below.split('\n').map((line) => line.match(/^\| `(\w+)`( \(of an engine\))? \|/)).filter(Boolean)
  assert.ok(calls.length > 20)
  for (const [, name, engine] of calls) {
    const camel = name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())
    assert.ok(camel in (engine ? names.Engine.prototype : names), camel)
  }
})
