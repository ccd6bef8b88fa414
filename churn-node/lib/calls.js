'use strict'
// Calls that return a Promise: the table is taken in without holding up the event loop, `signal` stops the call, and
// `onProgress` hears how far it is. The engine itself knows neither streams nor signals; this is all there is to it.

const { takeIn } = require('./intake.js')

/** Milliseconds between two looks at how far a call is. */
const PACE = 50

/**
 * A call of the add-on, `native(...inputs, options)`, with `signal` and `onProgress` among its options. The first input
 * is a `table`, and so are the options that `tables` names; a call without `steps` cannot be stopped on the way, its promise can;
 * `finish` makes of the result what users see.
 */
function asynchronous(native, addon, { inputs = 1, table = true, tables = [], steps = true, finish = (result) => result } = {}) {
  return async function (...args) {
    const [given, options] = [args.slice(0, inputs), args[inputs]]
    while (given.length < inputs) given.push(undefined)
    // What is no object is for the add-on to refuse.
    if (options !== undefined && !isObject(options)) return finish(await native.call(this, ...given, options))
    const { signal, onProgress, ...rest } = options ?? {}
    check(addon, signal, onProgress)
    return watched(addon, signal, onProgress, async (control) => {
      if (table) given[0] = await takeIn(addon, given[0])
      for (const name of tables) if (name in rest) rest[name] = await takeIn(addon, rest[name])
      return finish(await native.call(this, ...given, steps ? { ...rest, ' control': control } : rest))
    })
  }
}

/** A call of the add-on whose work has no steps: `signal` rejects at once, and the work goes on to its end unheard. */
function stoppable(native, addon) {
  return async (name, { signal, ...args }) => {
    check(addon, signal)
    return watched(addon, signal, undefined, () => native(name, args))
  }
}

function check(addon, signal, onProgress) {
  if (signal !== undefined && signal !== null && typeof signal.addEventListener !== 'function') {
    throw wrong(addon, 'signal', 'is not an AbortSignal', 'give the signal of an AbortController')
  }
  if (onProgress !== undefined && onProgress !== null && typeof onProgress !== 'function') {
    throw wrong(addon, 'onProgress', 'is not a function', 'give a function: ({ stage, done, total }) => void')
  }
}

/** Runs `work(control)` under a signal and a progress function; rejects at once where the signal says so. */
function watched(addon, signal, onProgress, work) {
  const control = new addon.Control()
  return new Promise((resolve, reject) => {
    let seen
    let timer
    const end = (settle, value) => {
      clearInterval(timer)
      signal?.removeEventListener('abort', abort)
      settle(value)
    }
    const abort = () => {
      control.stop()
      end(reject, cancelled(addon, signal.reason))
    }
    const look = () => {
      const progress = control.progress()
      if (progress === null || (progress.done === seen?.done && progress.stage === seen?.stage)) return true
      seen = progress
      try {
        onProgress(progress)
        return true
      } catch (thrown) {
        control.stop()
        end(reject, thrown)
        return false
      }
    }
    if (signal?.aborted) return abort()
    signal?.addEventListener('abort', abort, { once: true })
    if (onProgress) timer = setInterval(look, PACE)
    work(control).then(
      (result) => {
        if (!onProgress || look()) end(resolve, result)
      },
      (error) => end(reject, error),
    )
  })
}

/** The error `cancelled`; its name is that of all aborted calls, its cause what the signal says. */
function cancelled(addon, reason) {
  try {
    addon.stoppedError()
  } catch (error) {
    return Object.assign(error, { name: 'AbortError', cause: reason })
  }
}

function wrong(addon, argument, what, hint) {
  try {
    addon.invalidArgument(argument, what, hint)
  } catch (error) {
    return error
  }
}

function isObject(value) {
  return typeof value === 'object' && !Array.isArray(value)
}

module.exports = { asynchronous, stoppable }
