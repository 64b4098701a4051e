// The host behind SSH settings of a target: whom to log in as, by what, and by which key it is known.
import type { SshHost } from '../ssh/index.ts'
import { type Json, Secret } from '../values/index.ts'

const SSH_PORT = 22

/** Throws what `unusable` makes of the settings' fault. */
export function sshHostOf(
  settings: Readonly<Record<string, Json | Secret | undefined>>,
  unusable: (message: string) => Error,
): SshHost {
  const { host, port, user, hostKey, password, privateKey, passphrase } = settings
  if (typeof host !== 'string' || typeof user !== 'string' || typeof hostKey !== 'string') {
    throw unusable('SSH needs the settings host, user and hostKey')
  }
  const where = { host, port: typeof port === 'number' ? port : SSH_PORT, user, hostKey }
  if (privateKey instanceof Secret) {
    return { ...where, login: { kind: 'key', privateKey, ...(passphrase instanceof Secret ? { passphrase } : {}) } }
  }
  if (password instanceof Secret) return { ...where, login: { kind: 'password', password } }
  throw unusable('SSH needs the setting privateKey or password')
}
