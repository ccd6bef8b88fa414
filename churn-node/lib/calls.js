'use strict'
// Calls that return a Promise: the table is taken in without holding up the event loop, `signal` stops the call, and
// `onProgress` hears how far it is. The engine itself knows neither streams nor signals; this is all there is to it.

const { takeIn } = require('./intake.js')

/** Milliseconds between two looks at how far a call is. */
const PACE = 50

/**
 * A call of the add-on, `native(input, options)`, with `signal` and `onProgress` among its options. `finish` makes of
 * its result what users see.
 */
function asynchronous(native, addon, { table = true, finish = (result) => result } = {}) {
  return async function (input, options) {
    // What is no object is for the add-on to refuse.
    if (options !== undefined && !isObject(options)) return finish(await native.call(this, input, options))
    const { signal, onProgress, ...rest } = options ?? {}
    if (signal !== undefined && signal !== null && typeof signal.addEventListener !== 'function') {
      throw wrong(addon, 'signal', 'is not an AbortSignal', 'give the signal of an AbortController')
    }
    if (onProgress !== undefined && onProgress !== null && typeof onProgress !== 'function') {
      throw wrong(addon, 'onProgress', 'is not a function', 'give a function: ({ stage, done, total }) => void')
    }
    return watched(addon, signal, onProgress, async (control) => {
      const given = table ? await takeIn(addon, input, control) : input
      return finish(await native.call(this, given, { ...rest, ' control': control }))
    })
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

module.exports = { asynchronous }
