// `holdfast vault init`: an empty vault, which restic opens with the same password.
import { resolve } from 'node:path'
import { initVault } from '../../vault/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { type VaultOptions, vaultPassword } from '../vault-access.ts'

export const run: RunCommand<[vault: string], VaultOptions> = async (host, options, vault) => {
  await initVault(resolve(host.workingDirectory, vault), await vaultPassword(host, options))
  host.stdout.write(`created a vault in ${vault}; without its password nobody can read it again\n`)
  return EXIT.done
}
