// `holdfast vault keys change`: another password in place of the one that is given.
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { type NewPasswordOptions, newVaultPassword, openNamedVault, type VaultOptions } from '../vaults/index.ts'

export const run: RunCommand<[vault: string], VaultOptions & NewPasswordOptions> = async (host, options, directory) => {
  const password = await newVaultPassword(host, options)
  await using vault = await openNamedVault(host, directory, options)
  host.stdout.write(
    `key ${(await vault.keys.change(password)).slice(0, 10)} opens the vault now; the password given does not any more\n`,
  )
  return EXIT.done
}
