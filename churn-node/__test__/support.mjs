// What the tests share.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the repository's test data. */
export const testData = (name) => fileURLToPath(new URL(`../../test-data/${name}`, import.meta.url))

/** A labelled table of 2000 customers with canonical headers. */
export const LABELLED = testData('telecom_labelled.csv')

/** A customer whom every telecom model can score. */
export const CUSTOMER = Object.freeze({
  customer_id: 'A1',
  tenure_months: 2,
  monthly_charges: 89.9,
  contract: 'Month-to-month',
  senior_citizen: 'No',
})

/** When everything is scored here. */
export const AT = '2026-03-01T10:00:00Z'

/** A directory that is removed after the test. */
export function directory(t) {
  const path = mkdtempSync(join(tmpdir(), 'churn-node-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

/** What `call` throws or rejects with, checked to have the documented shape. */
export async function failure(call) {
  let error
  try {
    await call()
  } catch (e) {
    error = e
  }
  assert.ok(error instanceof Error, 'an Error')
  assert.match(error.code, /^[a-z]+(_[a-z]+)*$/)
  assert.ok(Number.isInteger(error.number) && error.number >= 1000 && error.number < 2000)
  assert.ok(error.hint === null || (typeof error.hint === 'string' && error.message.includes(error.hint)))
  assert.equal(Object.getPrototypeOf(error.context), Object.prototype)
  assert.ok(error.message.endsWith(`[${error.code}]`))
  return error
}
