// `holdfast vault init`: an empty vault, which restic opens with the same password.
import { initVault } from '../../vault/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { namedVault, type VaultOptions } from '../vaults/index.ts'

export const run: RunCommand<[vault: string], VaultOptions> = async (host, options, vault) => {
  const { place, password } = await namedVault(host, vault, options)
  await initVault(place, password)
  host.stdout.write(`created a vault in ${vault}; without its password nobody can read it again\n`)
  return EXIT.done
}
