import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import { Engine, mapColumns, read, validate } from '../index.mjs'

const csv = 'Export of March\n\nid;fee;since\nA1;1.234,50;05.03.2024\nA2;7,00;31.12.2023\nTotal;1.241,50;\n'

test('a table is read, and every guess is said', async () => {
  for (const content of [Buffer.from(csv), gzipSync(csv)]) {
    const table = await read(content)
    assert.equal(table.rows, 2)
    assert.deepEqual(table.columns.map((c) => [c.name, c.type]), [['id', 'id'], ['fee', 'number'], ['since', 'date']])
    const { format, delimiter, quote, headerLine, titleLines, droppedLines } = table.source
    assert.deepEqual([format, delimiter, quote, headerLine, titleLines, droppedLines], ['csv', ';', '"', 3, [1], [6]])
    assert.deepEqual(table.notes.map((n) => n.code), ['title_rows', 'total_row'])
  }
})

test('what is given is not judged', async () => {
  const table = await read(Buffer.from(csv), { delimiter: ',', headerLine: 0, keepTotals: true })
  assert.deepEqual([table.columns.length, table.rows, table.source.headerLine], [2, 5, null])
  const dates = Buffer.from('id,since\nA1,03/04/2024\n')
  assert.equal((await read(dates)).columns[1].warnings.length, 1)
  assert.deepEqual((await read(dates, { dateOrder: 'day_first' })).columns[1].warnings, [])
})

test('mistakes are named', async () => {
  await assert.rejects(read(Buffer.from('a\n1\n'), { delimeter: ';' }), { code: 'invalid_argument' })
  await assert.rejects(read(Buffer.from('a\n1\n2\n'), { maxRows: 1 }), { code: 'too_large' })
  await assert.rejects(read(Buffer.from('a\n1\n'), 5), { code: 'invalid_argument' })
})

test('other calls take the options too', async () => {
  const given = { read: { delimiter: ';', headerLine: 1 } }
  const table = Buffer.from('Customer ID;Monthly Fee;Tenure;Contract\nA1;"1,50";2;Month-to-month\nA2;"2,50";3;One year\n')
  assert.equal((await mapColumns(table, given)).fields.customer_id, 'Customer ID')
  assert.equal((await validate(table, given)).findings.filter((f) => f.code === 'ambiguous_format').length, 0)
  const scored = await Engine.pretrained('telecom').score(table, given)
  assert.equal(scored.predictions.length, 2)
})
