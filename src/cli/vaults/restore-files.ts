// Gives the files of a restore point back into a folder. It overwrites nothing, unless an earlier try is resumed.
import { readdir } from 'node:fs/promises'
import { formatCount, formatSize, printable } from '../../values/index.ts'
import type { Vault } from '../../vault/index.ts'
import { fileExists } from '../codes.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import { Refusal } from '../refusal.ts'
import type { ProgressLine } from './progress-line.ts'

export interface FilesToRestore {
  readonly point: { readonly id: string }
  readonly to: string
  readonly include?: readonly string[]
  readonly resume: boolean
  readonly signal: AbortSignal
}

export async function restoreFiles(host: Host, vault: Vault, progress: ProgressLine, asked: FilesToRestore): Promise<ExitCode> {
  const { point, ...request } = asked
  if (!asked.resume) await assertEmpty(asked.to)
  const { files, bytesWritten, problems } = await vault.restoreFiles({
    ...request,
    pointId: point.id,
    onProgress: (bytes) => progress.show('files', bytes),
  })
  progress.clear()
  host.stdout.write(`${asked.to}: ${formatCount(files, 'file')}, ${formatSize(bytesWritten)} written\n`)
  for (const { path, message } of problems.listed) host.stdout.write(`not restored: ${printable(`${path}: ${message}`)}\n`)
  if (problems.count > problems.listed.length) host.stdout.write(`and ${problems.count - problems.listed.length} more\n`)
  return problems.count > 0 ? EXIT.checkFailed : EXIT.done
}

/** Throws Refusal when something is in the folder. */
export async function assertEmpty(folder: string): Promise<void> {
  if (!(await isEmpty(folder))) throw new Refusal([fileExists(folder)])
}

async function isEmpty(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}
