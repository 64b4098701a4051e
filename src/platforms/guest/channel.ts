// The way into a guest, as its target says it: SSH or the QEMU guest agent.
import type { ActionContext, Connection } from '../../packs/index.ts'
import { overSsh, type RunProgram, type SshHost } from '../../ssh/index.ts'
import { Secret } from '../../values/index.ts'
import { overAgent } from './agent-programs.ts'
import { notLetIn } from './failures.ts'

/** Throws `ActionFailure` where settings are missing that the channel needs. */
export function programsIn({ settings }: Connection, { clock }: ActionContext): RunProgram {
  switch (settings.channel) {
    case 'ssh':
      return overSsh(sshHostOf(settings))
    case 'qemu-agent':
      return overAgent(agentSocketOf(settings), clock)
    default:
      throw notLetIn('this target says that there is no way into the guest')
  }
}

export function agentSocketOf({ channel, socket }: Connection['settings']): string {
  if (channel !== 'qemu-agent' || typeof socket !== 'string') throw notLetIn('this needs the QEMU guest agent, and its socket')
  return socket
}

function sshHostOf({ host, port, user, hostKey, password, privateKey, passphrase }: Connection['settings']): SshHost {
  if (typeof host !== 'string' || typeof user !== 'string' || typeof hostKey !== 'string') {
    throw notLetIn('SSH needs the settings host, user and hostKey')
  }
  const where = { host, port: typeof port === 'number' ? port : 22, user, hostKey }
  if (privateKey instanceof Secret) {
    return { ...where, login: { kind: 'key', privateKey, ...(passphrase instanceof Secret ? { passphrase } : {}) } }
  }
  if (password instanceof Secret) return { ...where, login: { kind: 'password', password } }
  throw notLetIn('SSH needs the setting privateKey or password')
}
