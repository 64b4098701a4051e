// Emits what a release runs: JavaScript in dist/, from the sources alone, and the shipped packs ready to use.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))

rmSync(path('dist'), { recursive: true, force: true })
const compiler = [path('node_modules/typescript/bin/tsc'), '--project', 'tsconfig.build.json']
const { status } = spawnSync(process.execPath, compiler, { cwd: path('.'), stdio: 'inherit' })
if (status === 0) await preparePacks()
process.exitCode = status ?? 1

async function preparePacks() {
  const { loadPack } = await import('../dist/packs/index.js')
  const { preparePack } = await import('../dist/cli/session/prepared-packs.js')
  mkdirSync(path('dist/prepared'))
  for (const name of readdirSync(path('runbooks'))) {
    await preparePack(await loadPack(path(`runbooks/${name}`), { operations: false }), path('dist/prepared'))
  }
}
