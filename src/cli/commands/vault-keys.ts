// `holdfast vault keys`: the passwords that open a vault.
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { openNamedVault, type VaultOptions } from '../vaults/index.ts'
import { table } from '../views/index.ts'

interface Options extends VaultOptions {
  readonly format: 'text' | 'json'
}

export const run: RunCommand<[vault: string], Options> = async (host, options, directory) => {
  await using vault = await openNamedVault(host, directory, options)
  const keys = await vault.keys.list()
  host.stdout.write(
    options.format === 'json'
      ? `${JSON.stringify(keys, undefined, 2)}\n`
      : table([
          ['KEY', 'CREATED', 'BY', 'IN USE'],
          ...keys.map(({ id, created, username, hostname, current }) => [
            id.slice(0, 10),
            created,
            `${username}@${hostname}`,
            current ? 'yes' : '',
          ]),
        ]),
  )
  return EXIT.done
}
