// Opens the vault that a command names, with a password that never stands on the command line.
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { Secret } from '../values/index.ts'
import { openVault, type Vault } from '../vault/index.ts'
import { fileUnreadable, vaultPasswordMissing } from './codes.ts'
import type { Host } from './host.ts'
import { Refusal } from './refusal.ts'

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
  try {
    return (await readFile(resolve(host.workingDirectory, file), 'utf8')).replace(/\r?\n$/, '')
  } catch (error) {
    throw new Refusal([fileUnreadable(file, (error as NodeJS.ErrnoException).code ?? String(error))])
  }
}

/** The caller closes it. */
export const openNamedVault = async (host: Host, directory: string, options: VaultOptions): Promise<Vault> =>
  openVault(resolve(host.workingDirectory, directory), await vaultPassword(host, options), { cacheFolder: cacheFolder(host) })

/** Source: XDG Base Directory Specification 0.8. */
const cacheFolder = ({ env, workingDirectory }: Host): string =>
  resolve(workingDirectory, env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'holdfast')
