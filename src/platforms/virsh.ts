// A VM under libvirt, reached through libvirt's own client: one process a question, arguments as a list, no shell in between. What is asked
// is JSON that libvirt hands on as it is; it knows no command. (virsh(1): qemu-monitor-command, qemu-agent-command)
import { isObject, type Json, type JsonObject } from '../values/index.ts'
import { runHereInEnglish } from './run-here.ts'

export interface Domain {
  /** As `virsh --connect` takes it, such as `qemu:///system`. */
  readonly uri: string
  /** Its name or its UUID. */
  readonly name: string
}

export class VirshFailed extends Error {
  /**
   * `unusable`: there is no virsh, no such domain, or it does not run. `unreachable`: nothing got further than libvirt. `lost`: nobody knows
   * whether it did. `refused`: libvirt or who was asked said no.
   */
  readonly reason: 'unusable' | 'unreachable' | 'lost' | 'refused'

  constructor(reason: VirshFailed['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'VirshFailed'
    this.reason = reason
  }
}

type Asking = readonly ['qemu-monitor-command'] | readonly ['qemu-agent-command', '--block']

/** Answers what was answered, errors of QEMU included. Rejects with `VirshFailed`, or with the signal's reason. */
export async function askDomain({ uri, name }: Domain, [command, ...options]: Asking, question: JsonObject, signal: AbortSignal) {
  // virsh takes digits for the number of a domain that runs, and only then for a name.
  if (/^\d+$/.test(name)) throw new VirshFailed('unusable', `a domain named ${name} has to be given by its UUID`)
  const argv = ['virsh', '--quiet', `--connect=${uri}`, command, ...options, `--domain=${name}`] as const
  const program = { argv: [...argv, JSON.stringify(question)] as const, maxOutputBytes: MAX_ANSWER_BYTES }
  const { exitCode, stdout, stderr, signal: ended = '' } = await runHereInEnglish(program, signal).catch(notStarted)
  if (exitCode === undefined) throw new VirshFailed('lost', `virsh was ended by ${ended}`)
  const said = stderr.toString().replaceAll('error: ', '').trim()
  if (exitCode !== 0) throw new VirshFailed(reasonOf(said), `virsh: ${said}`)
  const answer: Json = JSON.parse(stdout.toString('utf8'))
  if (!isObject(answer)) throw new VirshFailed('lost', 'virsh did not answer with an object')
  return answer
}

function notStarted(error: NodeJS.ErrnoException): never {
  const failed = (reason: VirshFailed['reason'], message: string) => new VirshFailed(reason, message, { cause: error })
  if (error.code === 'ENOENT') throw failed('unusable', 'there is no virsh on this machine; apt-get install libvirt-clients')
  if (error.code === 'E2BIG') throw failed('refused', 'virsh takes no question of more than 128 KiB')
  throw error
}

/** libvirt itself hands on no answer of more than 4 MiB. (libvirt, VIR_NET_MESSAGE_STRING_MAX) */
const MAX_ANSWER_BYTES = 2 ** 23

/** What libvirt says in each case, by libvirt 9.0. */
const REASONS: readonly (readonly [VirshFailed['reason'], RegExp])[] = [
  ['unusable', /failed to get domain|domain is not running|agent is not configured/],
  [
    'unreachable',
    /failed to connect to the hypervisor|agent is not connected|agent not available for now|cannot acquire state change lock/,
  ],
  [
    'lost',
    /end of file|socket is closed|cannot recv|reset by peer|broken pipe|disappeared|no longer running|timed out|keepalive/i,
  ],
]

const reasonOf = (said: string): VirshFailed['reason'] => REASONS.find(([, words]) => words.test(said))?.[0] ?? 'refused'
