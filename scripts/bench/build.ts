// Bundles the scripts that are measured, and what they import, as a release is: no user pays for stripping types.
import { copyFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleFiles } from '../bundle.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FILES = {
  'read-nbd': join(ROOT, 'scripts/bench/read-nbd.ts'),
  'copy-nbd': join(ROOT, 'scripts/bench/copy-nbd.ts'),
  'use-vault': join(ROOT, 'scripts/bench/use-vault.ts'),
  // A thread of the vault is started by its own file.
  'src/vault/workers/worker-thread': join(ROOT, 'src/vault/workers/worker-thread.ts'),
}

/** Answers the folder of the scripts' JavaScript. */
export async function buildScripts(folder: string): Promise<string> {
  const out = join(folder, 'built')
  await bundleFiles(FILES, out, ROOT)
  copyFileSync(join(ROOT, 'package.json'), join(out, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(out, 'node_modules'))
  return out
}
