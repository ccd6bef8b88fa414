'use strict'
// What scoring a table gives: columns in the add-on's memory, and rows that become objects when they are looked at.

const { inspect } = require('node:util')
const { setImmediate: turn } = require('node:timers/promises')

/** Rows that become objects in one go. */
const ROWS = 64
/** Milliseconds after which a long walk lets others run. */
const SHARE = 5

/** A scored table with all that was found on the way. */
class Scored {
  #table

  constructor(table) {
    this.#table = table
    this.predictions = lazyRows(table)
    this.summary = table.summary()
    this.mapping = table.mapping()
    this.quality = table.quality()
  }

  /** Names of the columns of the predictions, in their documented order. */
  get columnNames() {
    return this.#table.names()
  }

  /** A column: a Float64Array, or an array of texts. */
  column(name) {
    return this.#table.numbers(name) ?? this.#table.texts(name, 0, this.#table.length)
  }

  /** The predictions as bytes of the Arrow IPC stream format. */
  toArrow() {
    return this.#table.arrow()
  }

  /** The rows one after the other; a walk of a million lets others run in between. */
  async *[Symbol.asyncIterator]() {
    let start = performance.now()
    for (let from = 0; from < this.#table.length; from += ROWS) {
      for (const row of this.#table.rows(from, from + ROWS)) yield row
      if (performance.now() - start > SHARE) {
        await turn()
        start = performance.now()
      }
    }
  }
}

/**
 * An array whose elements are made when they are first looked at. It is an array in all that programs do with one,
 * except that it cannot be cloned to another thread (`slice()` gives a plain one, which can).
 */
function lazyRows(table) {
  const { length } = table
  const rows = empty(length)
  const made = new Uint8Array(Math.ceil(length / ROWS))
  const fill = (key) => {
    const index = indexOf(key)
    if (index >= length || index < 0 || Number.isNaN(index)) return
    const block = Math.floor(index / ROWS)
    if (made[block]) return
    made[block] = 1
    const from = block * ROWS
    for (const [i, row] of table.rows(from, from + ROWS).entries()) if (!(from + i in rows)) rows[from + i] = row
  }
  const fillAll = () => {
    for (let index = 0; index < length; index += ROWS) fill(String(index))
  }
  // The console looks behind a proxy: there it finds the first rows, and how many there are.
  Object.defineProperty(rows, inspect.custom, {
    value: (depth, options) => {
      const shown = Math.min(length, options.maxArrayLength ?? length)
      const first = table.rows(0, Number.isFinite(shown) ? shown : length)
      const text = inspect(first, options)
      return first.length < length ? `${text.slice(0, -1).trimEnd()},\n  ... ${length - first.length} more predictions\n]` : text
    },
  })
  return new Proxy(rows, {
    get(target, key) {
      fill(key)
      return Reflect.get(target, key)
    },
    has(target, key) {
      fill(key)
      return Reflect.has(target, key)
    },
    getOwnPropertyDescriptor(target, key) {
      fill(key)
      return Reflect.getOwnPropertyDescriptor(target, key)
    },
    set(target, key, value) {
      fill(key)
      return Reflect.set(target, key, value)
    },
    defineProperty(target, key, descriptor) {
      fill(key)
      if (key === 'length') fillAll()
      return Reflect.defineProperty(target, key, descriptor)
    },
    deleteProperty(target, key) {
      fill(key)
      return Reflect.deleteProperty(target, key)
    },
    ownKeys(target) {
      fillAll()
      return Reflect.ownKeys(target)
    },
    preventExtensions(target) {
      fillAll()
      return Reflect.preventExtensions(target)
    },
  })
}

/**
 * An array of holes. Room for a million elements would be filled here and now, which holds up the event loop; an array
 * that begins with a far element keeps what it has in a table, and is made dense when it becomes so.
 */
function empty(length) {
  if (length === 0) return []
  const rows = []
  rows[length - 1] = undefined
  delete rows[length - 1]
  return rows
}

function indexOf(key) {
  return typeof key === 'string' && /^(0|[1-9]\d{0,9})$/.test(key) ? Number(key) : NaN
}

module.exports = { Scored }
