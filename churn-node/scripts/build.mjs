// Builds the add-on with cargo and puts it beside index.js: `npm run build [-- --profile dist]`.
import { spawnSync } from 'node:child_process'
import { copyFileSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const { addonName } = createRequire(import.meta.url)('../loader.js')
const root = fileURLToPath(new URL('..', import.meta.url))
const given = process.argv.slice(2)
const profile = given.some((a) => a === '--profile' || a.startsWith('--profile=') || a === '--release') ? [] : ['--release']

const cargo = spawnSync(
  'cargo',
  ['build', '-p', 'churn-node', '--message-format=json-render-diagnostics', ...profile, ...given],
  { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 1 << 28 },
)
if (cargo.error) throw cargo.error
if (cargo.status !== 0) process.exit(cargo.status ?? 1)

// Cargo itself says where the library is, whatever the target directory, profile or platform.
const library = cargo.stdout
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .filter((m) => m.reason === 'compiler-artifact' && m.target.name === 'churn_node' && m.target.kind.includes('cdylib'))
  .flatMap((m) => m.filenames)
  .find((file) => /\.(so|dylib|dll)$/.test(file))
if (!library) throw new Error('cargo built no library for churn-node')

// Copied beside and renamed over, so that a process which has the old one loaded keeps it.
const addon = join(root, addonName())
copyFileSync(library, `${addon}.tmp`)
renameSync(`${addon}.tmp`, addon)
console.log(`built ${addon}`)
