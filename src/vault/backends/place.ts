// Where the vault of a target lies: from settings, which the manifest describes and check has looked at, to a place that the vault knows.
import { type Json, Secret } from '../../values/index.ts'
import type { BackendAddress } from '../backend.ts'

/** The path of a folder, or the address of another storage. */
export type VaultPlace = string | BackendAddress

type Setting = Json | Secret | undefined
type Settings = Readonly<Record<string, Setting>>

const SSH_PORT = 22
const REGION = 'us-east-1'

/** Undefined where the settings name none. */
export function placeOf(settings: Settings): VaultPlace | undefined {
  const { directory, address } = settings
  if (typeof directory === 'string') return directory
  if (typeof address !== 'string') return undefined
  return address.startsWith('sftp://') ? sftpPlace(address, settings) : s3Place(address, settings)
}

/** As restic reads it: what follows the first slash is the folder, so that a second one begins at the root. */
function sftpPlace(address: string, settings: Settings): BackendAddress | undefined {
  const { hostKey, privateKey, passphrase, loginPassword } = settings
  const { username, hostname, port, pathname } = new URL(address)
  const login =
    privateKey instanceof Secret
      ? ({ kind: 'key', privateKey, ...secret('passphrase', passphrase) } as const)
      : loginPassword instanceof Secret && ({ kind: 'password', password: loginPassword } as const)
  if (!login || typeof hostKey !== 'string') return undefined
  return {
    kind: 'sftp',
    host: {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? SSH_PORT : Number(port),
      user: decodeURIComponent(username),
      login,
      hostKey,
    },
    directory: decodeURIComponent(pathname.slice(1)).replace(/(?<=.)\/+$/, ''),
  }
}

function s3Place(address: string, settings: Settings): BackendAddress | undefined {
  const { endpoint, region, accessKeyId, secretAccessKey, sessionToken, authorities, addressing, lockMode, lockDays } = settings
  const [bucket = '', ...prefix] = address.slice('s3://'.length).split('/')
  if (!(accessKeyId instanceof Secret && secretAccessKey instanceof Secret)) return undefined
  return {
    kind: 's3',
    bucket,
    prefix: prefix.filter((step) => step !== '').join('/'),
    region: typeof region === 'string' ? region : REGION,
    accessKeyId,
    secretAccessKey,
    ...secret('sessionToken', sessionToken),
    ...(typeof endpoint === 'string' ? { endpoint } : {}),
    ...(typeof authorities === 'string' ? { caFile: authorities } : {}),
    ...(addressing === 'path' || addressing === 'virtual-host' ? { addressing } : {}),
    ...((lockMode === 'governance' || lockMode === 'compliance') && typeof lockDays === 'number'
      ? { lock: { mode: lockMode, days: lockDays } }
      : {}),
  }
}

const secret = <Name extends string>(name: Name, value: Setting): { readonly [key in Name]?: Secret } =>
  (value instanceof Secret ? { [name]: value } : {}) as { readonly [key in Name]?: Secret }
