// Opens the vault that a command names, with a password that never stands on the command line.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { didYouMean } from '../../diagnostics/index.ts'
import { entryOf, toJson } from '../../language/index.ts'
import { Secret } from '../../values/index.ts'
import { openVault, placeOf, type Vault, type VaultPlace } from '../../vault/index.ts'
import { cacheFolder } from '../cache-folder.ts'
import { fileUnreadable, targetUnknown, vaultPasswordMissing } from '../codes.ts'
import type { GlobalOptions } from '../command.ts'
import { type Config, openTargets, secretText } from '../config/index.ts'
import type { Host } from '../host.ts'
import { Refusal, refuseErrors } from '../refusal.ts'
import { assertTargets, openSession } from '../session/index.ts'

export interface VaultOptions {
  readonly passwordFile?: string
}

/** From the file that is named, else from the environment. Throws Refusal. */
export async function vaultPassword(host: Host, { passwordFile }: VaultOptions): Promise<Secret> {
  const text = passwordFile === undefined ? host.env.HOLDFAST_VAULT_PASSWORD : await readPassword(host, passwordFile)
  if (text === undefined || text === '') throw new Refusal([vaultPasswordMissing()])
  return new Secret(text)
}

export interface NewPasswordOptions {
  readonly newPasswordFile?: string
}

/** The same of a password that is to be. */
export async function newVaultPassword(host: Host, { newPasswordFile }: NewPasswordOptions): Promise<Secret> {
  const text = newPasswordFile === undefined ? host.env.HOLDFAST_VAULT_NEW_PASSWORD : await readPassword(host, newPasswordFile)
  if (text === undefined || text === '') throw new Refusal([vaultPasswordMissing('new')])
  return new Secret(text)
}

async function readPassword(host: Host, file: string): Promise<string> {
  const bytes = await readFile(resolve(host.workingDirectory, file)).catch((error: NodeJS.ErrnoException) => {
    throw new Refusal([fileUnreadable(file, error.code ?? String(error))])
  })
  const text = secretText(bytes)
  if (text === undefined) throw new Refusal([fileUnreadable(file, 'it is not UTF-8: save it as UTF-8')])
  return text
}

/** The caller closes it. */
export async function openNamedVault(
  host: Host,
  named: string,
  options: VaultOptions & GlobalOptions,
  work: { readonly toWork?: boolean } = {},
): Promise<Vault> {
  const { place, password } = await namedVault(host, named, options)
  return await openVault(place, password, { cacheFolder: cacheFolder(host), ...work })
}

interface NamedVault {
  readonly place: VaultPlace
  readonly password: Secret
}

/** A folder; or an address, which a target of the configuration says how to open. Throws Refusal. */
export async function namedVault(host: Host, named: string, options: VaultOptions & GlobalOptions): Promise<NamedVault> {
  if (!/^[a-z][a-z0-9]*:\/\//.test(named)) {
    return { place: resolve(host.workingDirectory, named), password: await vaultPassword(host, options) }
  }
  const { config, library } = await openSession(host, options)
  const addresses = addressesOf(config)
  const target = addresses.get(named)
  if (target === undefined) throw new Refusal([targetUnknown(named, 'the configuration', didYouMean(named, addresses.keys()))])
  const { catalogue, diagnostics, sources } = await library.loadPacks([PACK], { operations: false })
  refuseErrors(diagnostics, sources)
  assertTargets(config, [target], catalogue)
  const connection = (await openTargets(config, [target], catalogue, host.env)).get(target)
  const place = connection && placeOf(connection.settings)
  const own = connection?.settings.password
  if (place === undefined || !(own instanceof Secret)) throw new Error(`target ${target} has been checked, so it names a vault`)
  const given = options.passwordFile !== undefined || Boolean(host.env.HOLDFAST_VAULT_PASSWORD)
  return { place, password: given ? await vaultPassword(host, options) : own }
}

const PACK = 'block-transfer'

/** Names of the targets that are vaults on servers, by their addresses. */
function addressesOf({ targets }: Config): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { name, connection, node } of targets.values()) {
    const address = connection === `${PACK}/Vault` ? entryOf(node, 'address')?.value : undefined
    const text = address && toJson(address)
    if (typeof text === 'string' && !found.has(text)) found.set(text, name)
  }
  return found
}
