'use strict'
// The package for CommonJS: what the add-on has, under the same names. Calls that return a Promise get `signal`,
// `onProgress` and streams on the way (lib/calls.js). Errors come out of the add-on as they are documented (code,
// number, hint, context).

const addon = require('./loader.js').loadAddon()
const { asynchronous, stoppable } = require('./lib/calls.js')
const { Scored } = require('./lib/scored.js')

/** The options that are tables of events. */
const EVENTS = ['tickets', 'payments', 'usage', 'interactions', 'subscriptions']

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
define(Engine.prototype, 'scoreFile', asynchronous(Engine.prototype.scoreFile, addon, { inputs: 2, table: false }))
define(Engine.prototype, 'explain', asynchronous(Engine.prototype.explain, addon, { tables: ['background'] }))
for (const name of ['calibrate', 'evaluate']) define(Engine.prototype, name, asynchronous(Engine.prototype[name], addon))
define(Engine.prototype, 'whatIf', asynchronous(Engine.prototype.whatIf, addon, { inputs: 2, table: false, steps: false }))
define(Engine.prototype, 'counterfactuals', asynchronous(Engine.prototype.counterfactuals, addon, { table: false, steps: false }))
define(Engine.prototype, 'scoreCustomer', asynchronous(Engine.prototype.scoreCustomer, addon, { table: false, tables: EVENTS }))

/** Scores a table and gives its rows one after the other. */
define(Engine.prototype, 'scoreRows', async function* scoreRows(table, options) {
  yield* await this.score(table, options)
})

function define(object, name, value) {
  Object.defineProperty(object, name, { value, configurable: true, writable: true, enumerable: false })
}

module.exports = {
  Engine,
  buildFeatures: asynchronous(addon.buildFeatures, addon, { tables: EVENTS }),
  buildTrainingSet: asynchronous(addon.buildTrainingSet, addon, { tables: EVENTS }),
  checkPointInTime: asynchronous(addon.checkPointInTime, addon, { tables: EVENTS }),
  churnMovements: asynchronous(addon.churnMovements, addon, { tables: EVENTS }),
  mapColumns: asynchronous(addon.mapColumns, addon),
  read: asynchronous(addon.read, addon, { steps: false }),
  validate: asynchronous(addon.validate, addon),
  version: addon.version(),
  ...require('./desk.js')(stoppable(addon.call, addon)),
}
