'use strict'
// Finds and loads the native add-on, and says the true cause where that fails.

const fs = require('node:fs')
const path = require('node:path')

/** Platforms that the add-on is built for. */
const PLATFORMS = ['linux-x64-gnu', 'linux-x64-musl', 'linux-arm64-gnu', 'linux-arm64-musl', 'darwin-x64', 'darwin-arm64', 'win32-x64-msvc', 'win32-arm64-msvc']

/** The platform's name: `<platform>-<arch>[-<libc>]`. */
function platformName() {
  const libc = { linux: linuxLibc, win32: () => 'msvc' }[process.platform]
  return [process.platform, process.arch, libc?.()].filter(Boolean).join('-')
}

function linuxLibc() {
  return process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'
}

/** The add-on's file name for a platform. */
function addonName(platform = platformName()) {
  return `churn.${platform}.node`
}

/** Loads the add-on from `directory`. */
function loadAddon(directory = __dirname, platform = platformName()) {
  const file = path.join(directory, addonName(platform))
  try {
    return require(file)
  } catch (cause) {
    throw failure(file, platform, cause)
  }
}

function failure(file, platform, cause) {
  if (fs.existsSync(file)) {
    const message = `churn-node: '${file}' is there but cannot be loaded: ${cause.message}`
    return error('ERR_CHURN_ADDON_BROKEN', message, 'build it anew on this machine: npm run build', file, platform, cause)
  }
  if (!PLATFORMS.includes(platform)) {
    const message = `churn-node: no add-on is made for the platform ${platform}; there are ${PLATFORMS.join(', ')}`
    return error('ERR_CHURN_PLATFORM', message, 'build it from source: npm run build', file, platform, cause)
  }
  const message = `churn-node: the add-on '${file}' is missing`
  return error('ERR_CHURN_ADDON_MISSING', message, 'build it: npm run build', file, platform, cause)
}

function error(code, message, hint, file, platform, cause) {
  return Object.assign(new Error(`${message}; ${hint} [${code}]`, { cause }), { code, hint, context: { path: file, platform } })
}

module.exports = { PLATFORMS, addonName, loadAddon, platformName }
