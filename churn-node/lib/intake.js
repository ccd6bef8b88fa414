'use strict'
// Tables into the add-on, a piece a turn of the event loop where they are large or come as a stream.

const { setImmediate: turn } = require('node:timers/promises')

/** Bytes that are copied in one turn. */
const BYTES = 2 << 20
/** Objects that are copied in one turn. */
const OBJECTS = 200

/**
 * What the add-on takes in place of `table`: the table itself where it is small, otherwise its pieces. Stops between
 * pieces once `control` is stopped.
 */
async function takeIn(addon, table) {
  if (typeof table !== 'object' || table === null) return table
  if (ArrayBuffer.isView(table)) return table instanceof Uint8Array && table.length > BYTES ? ofBytes(addon, table) : table
  if (Array.isArray(table)) return table.length > OBJECTS ? ofArray(addon, table) : table
  if (typeof table.stream === 'function') return ofStream(addon, table.stream())
  if (typeof table[Symbol.asyncIterator] === 'function') return ofStream(addon, table)
  if (typeof table.getReader === 'function') return ofStream(addon, chunks(table))
  return table
}

async function ofBytes(addon, bytes) {
  const intake = new addon.Intake()
  for (let at = 0; at < bytes.length; at += BYTES) {
    intake.push(bytes.subarray(at, at + BYTES))
    await turn()
  }
  return intake
}

async function ofArray(addon, rows) {
  const intake = new addon.Intake()
  for (let at = 0; at < rows.length; at += OBJECTS) {
    intake.push(rows.slice(at, at + OBJECTS))
    await turn()
  }
  return intake
}

/** Chunks of bytes or text are the content of a file; objects are records. */
async function ofStream(addon, stream) {
  const intake = new addon.Intake()
  let records = []
  for await (const chunk of stream) {
    if (chunk instanceof Uint8Array) {
      for (let at = 0; at < chunk.length; at += BYTES) intake.push(chunk.subarray(at, at + BYTES))
    } else if (typeof chunk === 'string') {
      intake.push(chunk)
    } else if (records.push(chunk) === OBJECTS) {
      intake.push(records)
      records = []
      await turn()
    }
  }
  if (records.length > 0) intake.push(records)
  return intake
}

/** The chunks of a web stream that cannot be iterated by itself. */
async function* chunks(stream) {
  const reader = stream.getReader()
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) yield value
  } finally {
    reader.releaseLock()
  }
}

module.exports = { takeIn }
