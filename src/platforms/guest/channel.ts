// The way into a guest, as its target says it.
import type { ActionContext, Connection } from '../../packs/index.ts'
import { sshHostOf } from '../ssh-host.ts'
import { agentChannel } from './agent-programs.ts'
import { notLetIn } from './failures.ts'
import { type Channel, type RunInGuest, runsOver } from './programs.ts'
import type { AgentAt } from './qemu-agent.ts'
import { sshChannel } from './ssh-programs.ts'
import { winrmChannel } from './winrm/index.ts'

/** Throws `ActionFailure` where settings are missing that the channel needs. */
export const programsIn = (connection: Connection, context: ActionContext): RunInGuest =>
  runsOver(channelOf(connection, context), context.clock)

function channelOf(connection: Connection, { clock }: ActionContext): Channel {
  const { settings } = connection
  switch (settings.channel) {
    case 'ssh':
      return sshChannel(sshHostOf(settings, notLetIn))
    case 'qemu-agent':
    case 'libvirt':
      return agentChannel(agentIn(settings), clock)
    case 'winrm':
      return winrmChannel(connection, clock)
    default:
      throw notLetIn('this target says that there is no way into the guest')
  }
}

export function agentIn({ channel, socket, libvirt, domain }: Connection['settings']): AgentAt {
  if (channel === 'qemu-agent' && typeof socket === 'string') return socket
  if (channel === 'libvirt' && typeof libvirt === 'string' && typeof domain === 'string') return { uri: libvirt, name: domain }
  throw notLetIn('this needs the QEMU guest agent: its socket, or libvirt and a domain')
}
