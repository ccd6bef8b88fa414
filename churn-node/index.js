'use strict'
// The package for CommonJS: what the add-on has, under the same names. Errors come out of the add-on as they are
// documented (code, number, hint, context); there is nothing to do here.

const { Engine, call, mapColumns, read, validate, version } = require('./loader.js').loadAddon()

module.exports = { Engine, mapColumns, read, validate, version: version(), ...require('./desk.js')(call) }
