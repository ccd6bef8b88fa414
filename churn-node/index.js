'use strict'
// The package for CommonJS: what the add-on has, under the same names. Calls that return a Promise get `signal`,
// `onProgress` and streams on the way (lib/calls.js). Errors come out of the add-on as they are documented (code,
// number, hint, context).

const addon = require('./loader.js').loadAddon()
const { asynchronous } = require('./lib/calls.js')
const { Scored } = require('./lib/scored.js')

/** The class of the add-on under a constructor whose static functions can be replaced. */
function Engine() {
  return new addon.Engine()
}
Engine.prototype = addon.Engine.prototype
for (const name of Object.getOwnPropertyNames(addon.Engine)) {
  if (typeof addon.Engine[name] === 'function') define(Engine, name, addon.Engine[name])
}
define(Engine.prototype, 'constructor', Engine)

define(Engine, 'train', asynchronous(addon.Engine.train, addon))
define(Engine.prototype, 'score', asynchronous(Engine.prototype.score, addon, { finish: (table) => new Scored(table) }))
define(Engine.prototype, 'scoreOne', asynchronous(Engine.prototype.scoreOne, addon, { table: false }))
for (const name of ['evaluate', 'explain']) define(Engine.prototype, name, asynchronous(Engine.prototype[name], addon))

/** Scores a table and gives its rows one after the other. */
define(Engine.prototype, 'scoreRows', async function* scoreRows(table, options) {
  yield* await this.score(table, options)
})

/** All options of reading go to the reader, which knows no control. */
function read(table, options) {
  if (options === null || typeof options !== 'object' || Array.isArray(options)) return addon.read(table, options)
  const { ' control': _control, ...given } = options
  return addon.read(table, given)
}

function define(object, name, value) {
  Object.defineProperty(object, name, { value, configurable: true, writable: true, enumerable: false })
}

module.exports = {
  Engine,
  buildFeatures: addon.buildFeatures,
  buildTrainingSet: addon.buildTrainingSet,
  checkPointInTime: addon.checkPointInTime,
  mapColumns: asynchronous(addon.mapColumns, addon),
  read: asynchronous(read, addon),
  validate: asynchronous(addon.validate, addon),
  version: addon.version(),
  ...require('./desk.js')(addon.call),
}
