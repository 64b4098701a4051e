// `holdfast vault unlock`: shows the locks of a vault, and removes those whose process is gone.
import type { ListedLock, Unlocked } from '../../vault/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import type { Output } from '../host.ts'
import { openNamedVault, type VaultOptions } from '../vaults/index.ts'
import { table } from '../views/index.ts'

interface Options extends VaultOptions {
  readonly all?: boolean
  readonly dryRun?: boolean
  readonly format: 'text' | 'json'
}

export const run: RunCommand<[vault: string], Options> = async (host, options, directory) => {
  const { all = false, dryRun = false } = options
  await using vault = await openNamedVault(host, directory, options)
  const unlocked = await vault.unlock({ all, dryRun })
  host.stdout.write(
    options.format === 'json' ? `${JSON.stringify(unlocked, undefined, 2)}\n` : describe(unlocked, dryRun, host.stdout),
  )
  return EXIT.done
}

function describe({ removed, left }: Unlocked, dryRun: boolean, output: Output): string {
  if (removed.length + left.length === 0) return 'the vault has no locks\n'
  const rows = [
    ...removed.map((lock) => rowOf(lock, dryRun ? 'would be removed' : 'removed')),
    ...left.map((lock) => rowOf(lock, 'stays')),
  ]
  const done =
    removed.length === 0 ? 'nothing to remove' : dryRun ? `${removed.length} would be removed` : `${removed.length} removed`
  const more = left.length > 0 ? 'what is held ends with its process; --all removes it all the same\n' : ''
  return `${table([['LOCK', 'STATE', 'KIND', 'PROCESS', 'HOST', 'USER', 'REFRESHED', 'WHAT'], ...rows], output)}${done}\n${more}`
}

function rowOf({ id, state, holder }: ListedLock, what: string): readonly string[] {
  const about = holder
    ? [holder.exclusive ? 'exclusive' : 'shared', String(holder.pid), holder.hostname, holder.username, holder.time]
    : ['', '', '', '', '']
  return [id.slice(0, 10), state, ...about, what]
}
