// Lays out what is published: one package a platform with its add-on, and the package that users name, which has none
// and lets npm choose: `npm run package [-- <platform>=<file>]...`. Without arguments it is the add-on built here. Then
// `npm publish` in each folder of npm/. The commands that build the others stand in docs/packaging.md.
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const { PLATFORMS, addonName, packageName, platformName } = createRequire(import.meta.url)('../loader.js')
const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const given = process.argv.slice(2).map((argument) => argument.split('='))
if (given.length === 0) given.push([platformName(), join(root, addonName())])

const shared = (({ version, license, engines, keywords }) => ({ version, license, engines, keywords }))(manifest)
const write = (directory, json) => writeFileSync(join(directory, 'package.json'), `${JSON.stringify(json, null, 2)}\n`)

for (const [platform, file] of given) {
  if (!PLATFORMS.includes(platform)) throw new Error(`there is no platform '${platform}'; use one of: ${PLATFORMS.join(', ')}`)
  if (!existsSync(file)) throw new Error(`there is no add-on '${file}'; build it: npm run build`)
  const directory = join(root, 'npm', platform)
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const [os, cpu, libc] = platform.split('-')
  write(directory, {
    name: packageName(platform),
    description: `The native part of churn-node for ${platform}`,
    ...shared,
    os: [os],
    cpu: [cpu],
    ...(os === 'linux' ? { libc: [libc === 'gnu' ? 'glibc' : 'musl'] } : {}),
    main: addonName(platform),
    files: [addonName(platform)],
  })
  copyFileSync(file, join(directory, addonName(platform)))
  writeFileSync(join(directory, 'README.md'), `The native part of churn-node for ${platform}; install churn-node itself.\n`)
  console.log(`${directory}: ${(statSync(file).size / 1e6).toFixed(1)} MB`)
}

// The package that users name.
const directory = join(root, 'npm', 'churn-node')
rmSync(directory, { recursive: true, force: true })
mkdirSync(directory, { recursive: true })
const { private: _, scripts: __, devDependencies: ___, ...rest } = manifest
const files = manifest.files.filter((file) => !file.includes('*'))
write(directory, {
  ...rest,
  files,
  optionalDependencies: Object.fromEntries(PLATFORMS.map((platform) => [packageName(platform), manifest.version])),
})
for (const file of [...files, 'README.md']) cpSync(join(root, file), join(directory, file), { recursive: true })
console.log(directory)
