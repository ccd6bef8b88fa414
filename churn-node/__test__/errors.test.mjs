// Every failure is an Error with code, number, hint and context: thrown and rejected, from the core and from here.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { Engine, mapColumns, validate } from '../index.mjs'
import { CUSTOMER, LABELLED, directory, failure, testData } from './support.mjs'

const engine = Engine.pretrained('telecom')

const cases = [
  ['unknown model', () => Engine.pretrained('banking'), 'model_not_found', 1501, { model: 'banking' }],
  ['missing model file', () => Engine.load('no/such.churn'), 'model_not_found', 1501, { path: 'no/such.churn' }],
  ['not a model', () => Engine.load(LABELLED), 'format_unsupported', 1502, { path: LABELLED }],
  ['not the bytes of a model', () => Engine.fromBytes(Buffer.from('PK')), 'format_unsupported', 1502],
  ['no place to save', () => engine.save('no/such/directory/x.churn'), 'io', 1101, { path: 'no/such/directory/x.churn' }],
  ['missing table', () => engine.score('no/such.csv'), 'io', 1101, { path: 'no/such.csv' }],
  ['no records', () => engine.score([]), 'empty_input', 1104],
  ['record without fields', () => engine.scoreOneSync({ tenure_months: 3 }), 'field_unmapped', 1201, { profile: 'telecom' }],
  ['the same, as a Promise', () => engine.scoreOne({ tenure_months: 3 }), 'field_unmapped', 1201, { profile: 'telecom' }],
  ['no customer id', () => engine.score(testData('bad/no_customer_id.csv')), 'field_unmapped', 1201],
  ['a learner there is not', () => Engine.train(LABELLED, { learner: 'oracle' }), 'invalid_argument', 1001, { argument: 'learner' }],
  ['too few rows', () => Engine.train([{ ...CUSTOMER, churned: 'Yes' }, { ...CUSTOMER, churned: 'No' }]), 'too_few_rows', 1601],
  ['a profile there is not', () => validate(LABELLED, { profile: 'space' }), 'invalid_argument', 1001],
  ['a table kind there is not', () => mapColumns(['a'], { tableKind: 'x' }), 'invalid_argument', 1001, { argument: 'tableKind' }],
  ['a purpose there is not', () => validate(LABELLED, { purpose: 'x' }), 'invalid_argument', 1001, { argument: 'purpose' }],
  ['too many reasons', () => engine.scoreOneSync(CUSTOMER, { reasons: 9 }), 'invalid_argument', 1001, { argument: 'reasons' }],
  ['half a reason', () => engine.scoreOneSync(CUSTOMER, { reasons: 1.5 }), 'invalid_argument', 1001, { argument: 'reasons' }],
  ['NaN reasons', () => engine.scoreOneSync(CUSTOMER, { reasons: NaN }), 'invalid_argument', 1001, { argument: 'reasons' }],
  ['a negative seed', () => Engine.train(LABELLED, { seed: -1n }), 'invalid_argument', 1001, { argument: 'seed' }],
  ['no date', () => engine.scoreOneSync(CUSTOMER, { asOf: 'soon' }), 'invalid_argument', 1001, { argument: 'asOf' }],
  ['an invalid Date', () => engine.scoreOneSync(CUSTOMER, { scoredAt: new Date(NaN) }), 'invalid_argument', 1001, { argument: 'scoredAt' }],
  ['an option there is not', () => engine.score(LABELLED, { reason: 2 }), 'invalid_argument', 1001, { argument: 'reason' }],
  ['options that are none', () => engine.score(LABELLED, 3), 'invalid_argument', 1001, { argument: 'options' }],
  ['overrides that are none', () => engine.score(LABELLED, { overrides: { a: 3 } }), 'invalid_argument', 1001, { argument: 'overrides' }],
  ['allow that is no list', () => Engine.train(LABELLED, { allow: 'x' }), 'invalid_argument', 1001, { argument: 'allow' }],
  ['a mapping that is none', () => engine.score(LABELLED, { mapping: {} }), 'malformed', 1102, { argument: 'mapping' }],
  ['a name that is none', () => Engine.pretrained(7), 'invalid_argument', 1001, { argument: 'name' }],
  ['nothing at all', () => engine.scoreOneSync(), 'invalid_argument', 1001, { argument: 'record' }],
  ['nothing at all, as a Promise', () => engine.scoreOne(), 'invalid_argument', 1001, { argument: 'record' }],
  ['a list as a record', () => engine.scoreOneSync([CUSTOMER]), 'invalid_argument', 1001, { argument: 'record' }],
  ['no table', () => engine.score(7), 'invalid_argument', 1001, { argument: 'table' }],
  ['a list of no records', () => engine.score([CUSTOMER, 7]), 'invalid_argument', 1001, { argument: 'table', item: '2' }],
  ['numbers as bytes', () => engine.score(new Float64Array(4)), 'invalid_argument', 1001, { argument: 'table' }],
  ['a function in a record', () => engine.scoreOneSync({ a() {} }), 'invalid_argument', 1001, { argument: 'record' }],
  ['new', () => new Engine(), 'unsupported', 1002],
]

for (const [name, call, code, number, context = {}] of cases) {
  test(name, async () => {
    const error = await failure(call)
    assert.deepEqual([error.code, error.number], [code, number])
    for (const [key, value] of Object.entries(context)) assert.equal(error.context[key], value, key)
    assert.ok(error.hint, 'a hint')
  })
}

test('an empty Buffer is refused', async () => {
  const error = await failure(() => engine.score(Buffer.alloc(0)))
  assert.equal(error.code, 'empty_input')
})

test('calls that return a Promise never throw', () => {
  for (const call of [() => engine.score(), () => engine.scoreOne(), () => Engine.train(), () => mapColumns(), () => validate()]) {
    const promise = call()
    assert.ok(promise instanceof Promise)
    promise.catch(() => {})
  }
})

test('a damaged model file is found out', async (t) => {
  const bytes = engine.toBytes()
  const found = new Set()
  for (let i = 0; i < bytes.length; i += 97) {
    bytes[i] ^= 1
    found.add((await failure(() => Engine.fromBytes(bytes))).code)
    bytes[i] ^= 1
  }
  assert.deepEqual([...found].sort(), ['format_unsupported', 'hash_mismatch'])
  const path = join(directory(t), 'x.churn')
  engine.save(path)
  assert.equal(Engine.load(path).modelVersion, engine.modelVersion)
})

test('what the caller’s own code throws does not get through, but is told', async () => {
  const broken = { ...CUSTOMER, get tenure_months() { throw new TypeError('boo') } }
  for (const call of [() => engine.scoreOneSync(broken), () => engine.scoreOne(broken), () => engine.score([broken])]) {
    const error = await failure(call)
    assert.deepEqual([error.code, error.cause], ['invalid_argument', 'TypeError: boo'])
  }
  const hostile = { toJSON() { throw { toString() { throw 1 } } } }
  assert.equal((await failure(() => engine.scoreOneSync(hostile))).code, 'invalid_argument')
  const cyclic = { ...CUSTOMER }
  cyclic.self = cyclic
  assert.equal((await failure(() => engine.scoreOneSync(cyclic))).code, 'invalid_argument')
  // And the engine goes on.
  assert.equal(engine.scoreOneSync(CUSTOMER).customerId, 'A1')
})

test('a panic is the error internal, in both kinds of call', async () => {
  const addon = createRequire(import.meta.url)('../loader.js').loadAddon()
  for (const call of [() => addon.panicInCall(), () => addon.panicInJob()]) {
    const error = await failure(call)
    assert.deepEqual([error.code, error.number], ['internal', 1003])
    assert.match(error.message, /a bug on demand/)
  }
})

test('a hundred bugs are a hundred errors, and the process lives', async () => {
  const addon = createRequire(import.meta.url)('../loader.js').loadAddon()
  const jobs = Array.from({ length: 100 }, (_, seed) => failure(() => addon.panicInJob(seed)))
  for (let seed = 0; seed < 100; seed += 1) jobs.push(failure(() => addon.panicInCall(seed)))
  for (const error of await Promise.all(jobs)) assert.equal(error.code, 'internal')
  assert.equal(engine.scoreOneSync(CUSTOMER).customerId, 'A1')
})
