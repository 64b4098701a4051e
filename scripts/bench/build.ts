// Emits the scripts that are measured, and what they import, as a release is emitted: no user pays for stripping types.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** The last one is not imported by name: the vault starts it as a thread. */
const ENTRIES = [
  new URL('read-nbd.ts', import.meta.url),
  new URL('copy-nbd.ts', import.meta.url),
  new URL('use-vault.ts', import.meta.url),
  new URL('../../src/vault/workers/worker-thread.ts', import.meta.url),
]

/** Answers the folder of the scripts' JavaScript. */
export function buildScripts(folder: string): string {
  const out = join(folder, 'built')
  mkdirSync(out)
  const project = join(out, 'tsconfig.json')
  const compilerOptions = { rootDir: ROOT, outDir: out, noCheck: true, typeRoots: [join(ROOT, 'node_modules/@types')] }
  const files = ENTRIES.map((entry) => fileURLToPath(entry))
  writeFileSync(project, JSON.stringify({ extends: join(ROOT, 'tsconfig.build.json'), compilerOptions, files, include: [] }))
  const { status } = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '--project', project], {
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error(`tsc failed with ${status}`)
  copyFileSync(join(ROOT, 'package.json'), join(out, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(out, 'node_modules'))
  return join(out, 'scripts/bench')
}
