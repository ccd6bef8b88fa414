'use strict'
// Finds and loads the native add-on, and says the true cause where that fails. It lies beside this file (built here, or
// packed with the package), or in the package of the platform that npm installs (churn-node-linux-x64-gnu, ...).

const fs = require('node:fs')
const path = require('node:path')

/** Platforms that the add-on is built for: one package each. */
const PLATFORMS = [
  'linux-x64-gnu',
  'linux-x64-musl',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
  'win32-arm64-msvc',
]

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

/** The name of the package that holds a platform's add-on. */
function packageName(platform = platformName()) {
  return `churn-node-${platform}`
}

/** Loads the add-on from `directory`, or from the platform's package as seen from there. */
function loadAddon(directory = __dirname, platform = platformName()) {
  let file = path.join(directory, addonName(platform))
  if (!fs.existsSync(file)) file = ofPackage(directory, platform) ?? file
  try {
    return require(file)
  } catch (cause) {
    throw failure(file, platform, cause)
  }
}

/** The add-on's file in the package of the platform, where that is installed. */
function ofPackage(directory, platform) {
  try {
    return require.resolve(`${packageName(platform)}/${addonName(platform)}`, { paths: [directory] })
  } catch {
    return undefined
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
  const message = `churn-node: neither the add-on '${file}' nor the package ${packageName(platform)} is installed`
  const hint = `install with optional dependencies, on the platform that runs it (npm install ${packageName(platform)}), or build it: npm run build`
  return error('ERR_CHURN_ADDON_MISSING', message, hint, file, platform, cause)
}

function error(code, message, hint, file, platform, cause) {
  return Object.assign(new Error(`${message}; ${hint} [${code}]`, { cause }), { code, hint, context: { path: file, platform } })
}

module.exports = { PLATFORMS, addonName, loadAddon, packageName, platformName }
