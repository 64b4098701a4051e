// Makes what a release runs: JavaScript in dist/, from the sources alone, and the shipped packs ready to use.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.ts'

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))

rmSync(path('dist'), { recursive: true, force: true })
// A thread and a simulator's commands are started by their own files.
await bundle(['main.ts', 'vault/workers/worker-thread.ts', 'platforms/vmware-vcb/simulator/commands.ts'], path('dist'))
await preparePacks()

async function preparePacks() {
  const { loadPack, preparePack } = await import('../src/packs/index.ts')
  mkdirSync(path('dist/prepared'))
  for (const name of readdirSync(path('runbooks')))
    await preparePack(await loadPack(path(`runbooks/${name}`)), path('dist/prepared'))
}
