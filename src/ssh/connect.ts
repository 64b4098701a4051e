// One connection to one host, for one program. Nothing is sent before the host has shown the pinned key.
import type { Client, ConnectConfig, ServerHostKeyAlgorithm } from 'ssh2'
import { SshFailed, type SshReason } from './failed.ts'
import { pinnedKey } from './host-key.ts'
import type { SshHost } from './model.ts'

const CONNECT_TIMEOUT_MS = 20_000
/** A host that is silent for three of these is gone. */
const KEEPALIVE_MS = 10_000

/** Rejects with `SshFailed`, or with the signal's reason. The caller ends the connection. */
export async function connect(host: SshHost, signal: AbortSignal): Promise<Client> {
  // Loaded with the first connection: most runs need none, and it brings much with it.
  const { default: ssh2 } = await import('ssh2')
  signal.throwIfAborted()
  const pinned = pinnedKey(host.hostKey)
  const key = host.login.kind === 'key' ? host.login : undefined
  if (key && ssh2.utils.parseKey(key.privateKey.reveal(), key.passphrase?.reveal()) instanceof Error) {
    throw new SshFailed('unusable', 'the private key cannot be read, or its passphrase is wrong', false)
  }
  const client = new ssh2.Client()
  // A connection that is being given up may still break.
  client.on('error', () => {})
  return new Promise<Client>((resolve, reject) => {
    let strange = false
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', aborted)
      client.destroy()
      reject(error)
    }
    const aborted = (): void => fail(signal.reason)
    signal.addEventListener('abort', aborted, { once: true })
    client.once('ready', () => {
      signal.removeEventListener('abort', aborted)
      // Else every small request waits 40 ms for the acknowledgement of the last one.
      client.setNoDelay(true)
      resolve(client)
    })
    client.once('error', (error) => fail(strange ? hostKeyUnknown(host) : notConnected(host, error)))
    client.once('close', () => fail(notConnected(host, new Error('the host closed the connection'))))
    client.connect(
      configOf(host, pinned.algorithms, (shown) => {
        strange = !pinned.matches(shown)
        return !strange
      }),
    )
  })
}

function configOf(
  { host, port, user, login }: SshHost,
  algorithms: readonly string[],
  hostVerifier: (shown: Buffer) => boolean,
): ConnectConfig {
  return {
    host,
    port,
    username: user,
    hostVerifier,
    readyTimeout: CONNECT_TIMEOUT_MS,
    keepaliveInterval: KEEPALIVE_MS,
    algorithms: { serverHostKey: algorithms as ServerHostKeyAlgorithm[] },
    ...(login.kind === 'password'
      ? { password: login.password.reveal() }
      : {
          privateKey: login.privateKey.reveal(),
          ...(login.passphrase === undefined ? {} : { passphrase: login.passphrase.reveal() }),
        }),
  }
}

const hostKeyUnknown = ({ host }: SshHost): SshFailed =>
  new SshFailed('hostKeyUnknown', `${host} showed another key than the pinned one`, false)

function notConnected({ host, user }: SshHost, error: Error & { readonly level?: string }): SshFailed {
  const reason: SshReason = error.level === 'client-authentication' ? 'loginRefused' : 'unreachable'
  const message =
    reason === 'loginRefused' ? `${host} refused the login of ${user}` : `${host} cannot be reached: ${error.message}`
  return new SshFailed(reason, message, false, { cause: error })
}
