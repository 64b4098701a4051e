// Completes package-lock.json after `npm install` against a registry that lacks the packages of other systems: npm leaves those out,
// and `npm ci` then refuses the file everywhere. What is added is told by the package that wants it and by the name.
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']

const lock = JSON.parse(readFileSync(file, 'utf8'))
const { '': root, ...packages } = lock.packages
for (const [path, wanting] of Object.entries(packages)) {
  for (const [name, range] of Object.entries(wanting.optionalDependencies ?? {})) {
    if (packages[`node_modules/${name}`] || packages[`${path}/node_modules/${name}`]) continue
    packages[`node_modules/${name}`] = entry(name, range, wanting)
    console.log(`added ${name} ${range}`)
  }
}
lock.packages = { '': root, ...Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1))) }
writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`)

function entry(name, range, { dev, license }) {
  const words = name.split(/[-/]/)
  const [os, cpu] = [SYSTEMS, PROCESSORS].map((known) => words.filter((word) => known.includes(word)))
  const libc = os[0] !== 'linux' ? undefined : /musl/.test(name) ? ['musl'] : /gnu/.test(name) ? ['glibc'] : undefined
  return {
    version: range.replace(/^[~^]/, ''),
    cpu,
    ...(dev ? { dev } : {}),
    ...(libc ? { libc } : {}),
    license,
    optional: true,
    os,
  }
}
