// `holdfast vault keys remove`: a password that shall not open the vault any more.
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { openNamedVault, type VaultOptions } from '../vaults/index.ts'

export const run: RunCommand<[vault: string, key: string], VaultOptions> = async (host, options, directory, key) => {
  await using vault = await openNamedVault(host, directory, options)
  host.stdout.write(`key ${(await vault.keys.remove(key)).slice(0, 10)} removed\n`)
  return EXIT.done
}
