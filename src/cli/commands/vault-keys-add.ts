// `holdfast vault keys add`: one more password that opens the vault.
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { type NewPasswordOptions, newVaultPassword, openNamedVault, type VaultOptions } from '../vaults/index.ts'

export const run: RunCommand<[vault: string], VaultOptions & NewPasswordOptions> = async (host, options, directory) => {
  const password = await newVaultPassword(host, options)
  await using vault = await openNamedVault(host, directory, options)
  host.stdout.write(`key ${(await vault.keys.add(password)).slice(0, 10)} added\n`)
  return EXIT.done
}
