import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapColumns, validate, version } from '../index.mjs'
import { CUSTOMER, LABELLED } from './support.mjs'

test('headers alone are mapped', async () => {
  const mapping = await mapColumns(['customer_id', 'contract', 'unheard_of'], { profile: 'telecom' })
  assert.deepEqual(Object.keys(mapping).sort(), ['columns', 'fields', 'headerFingerprint', 'missing', 'profile', 'tableKind'])
  assert.deepEqual(mapping.fields, { contract: 'contract', customer_id: 'customer_id' })
  assert.equal(mapping.profile, 'telecom')
  assert.equal(mapping.tableKind, 'customers')
  assert.deepEqual(mapping.columns.map((c) => c.source), ['customer_id', 'contract', 'unheard_of'])
  assert.equal(mapping.columns[2].field, null)
  assert.ok(mapping.missing.some((m) => m.anyOf.includes('tenure_months')))
})

test('headers with samples and overrides', async () => {
  const options = { samples: { Kennung: ['K1', 2, null] }, overrides: { Kennung: 'customer_id' }, tableKind: null }
  assert.equal((await mapColumns(['Kennung'], options)).fields.customer_id, 'Kennung')
})

test('a file and records are mapped', async () => {
  assert.equal((await mapColumns(LABELLED)).fields.churned, 'churned')
  assert.equal((await mapColumns([CUSTOMER])).fields.monthly_charges, 'monthly_charges')
})

test('a table is judged', async () => {
  const report = await validate(LABELLED, { profile: 'telecom' })
  assert.deepEqual(Object.keys(report), ['ok', 'score', 'nRows', 'nColumns', 'dimensions', 'findings', 'estimatedAuc', 'estimatedAucInterval', 'arithmetic'])
  assert.equal(report.ok, true)
  assert.equal(report.nRows, 2000)
  assert.equal(report.estimatedAuc, null)
  const bad = await validate([{ ...CUSTOMER, monthly_charges: -5 }, CUSTOMER], { profile: 'telecom' })
  const finding = bad.findings.find((f) => f.field === 'monthly_charges')
  assert.equal(finding.rowsAffected, 1)
  assert.deepEqual(finding.exampleRows, [1])
})

test('a labelled table is judged for training, with the mapping of an earlier call', async () => {
  const mapping = await mapColumns(LABELLED, { profile: 'telecom' })
  const report = await validate(LABELLED, { purpose: 'train', label: 'churned', mapping })
  assert.ok(report.estimatedAuc > 0.6 && report.estimatedAuc < 1)
})

test('leaks are reported, and let through by name', async () => {
  const rows = Array.from({ length: 300 }, (_, i) => ({
    ...CUSTOMER,
    customer_id: `K${(i * 7919) % 1009}`,
    tenure_months: (i * 37) % 60,
    churned: (i * 31) % 100 < 30 ? 'Yes' : 'No',
    exit_code: (i * 31) % 100 < 30 ? 7 : 1
  }))
  const leaks = (report) => report.findings.filter((f) => f.code === 'leakage').map((f) => f.column)
  const report = await validate(rows, { purpose: 'train', label: 'churned' })
  assert.equal(report.ok, false)
  assert.deepEqual(leaks(report), ['exit_code'])
  const allowed = await validate(rows, { purpose: 'train', label: 'churned', allow: ['exit_code'], strict: true })
  assert.deepEqual(leaks(allowed), [])
  await assert.rejects(validate(rows, { strict: 'yes' }), { code: 'invalid_argument' })
  await assert.rejects(validate(rows, { asOf: 'soon' }), { code: 'invalid_argument' })
})

test('the version is that of the engine', () => assert.match(version, /^\d+\.\d+\.\d+/))

test('what is dated after the day of the rows is told', async () => {
  const rows = [{ customer_id: 'A', signup_date: '2024-01-02' }, { customer_id: 'B', signup_date: '2024-06-01' }]
  const timeliness = async (options) => (await validate(rows, { profile: 'generic', ...options })).dimensions.timeliness
  assert.equal(await timeliness({}), null)
  assert.equal(await timeliness({ asOf: '2024-03-01' }), 50)
  assert.equal(await timeliness({ asOf: new Date('2024-07-01T00:00:00Z') }), 100)
})
