// A VM under libvirt, asked through libvirt's own client. What is asked is JSON that libvirt hands on as it is. (virsh(1):
// qemu-monitor-command, qemu-agent-command)
import { isObject, type Json, type JsonObject } from '../values/index.ts'
import { type Shell, ShellEnded, startShell } from './virsh-shell.ts'

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

/**
 * Asks QEMU or the agent in its guest, and answers what was answered, errors of QEMU included. Rejects with `VirshFailed`, or with the signal's
 * reason.
 */
export const askingDomain =
  ({ uri, name }: Domain, asking: Asking, signal: AbortSignal) =>
  async (command: string, args?: JsonObject): Promise<JsonObject> => {
    // virsh takes digits for the number of a domain that runs, and only then for a name; no name has a NUL.
    if (/^\d+$|\0/.test(name)) throw new VirshFailed('unusable', `a domain named ${name} has to be given by its UUID`)
    const question = { execute: command, ...(args === undefined ? {} : { arguments: args }) }
    const said = await virsh(uri, [...asking, `--domain=${name}`, JSON.stringify(question)], signal)
    const answer: Json = said === '' ? null : JSON.parse(said)
    if (!isObject(answer)) throw new VirshFailed('lost', 'virsh did not answer with an object')
    return answer
  }

/** Names of the domains that run or are paused. Rejects as `askingDomain` does. */
export const activeDomains = async (uri: string, signal: AbortSignal): Promise<readonly string[]> =>
  (await virsh(uri, ['list', '--name'], signal)).split('\n').filter((name) => name !== '')

/** Shells that wait for a command, by what they are connected to. */
const resting = new Map<string, readonly Shell[]>()

/** Much longer than between two commands while a guest is held. */
const REST_MS = 10_000

/** By a shell that nobody else uses meanwhile; answers what it answers. */
async function virsh(uri: string, argv: readonly string[], signal: AbortSignal): Promise<string> {
  const [ready, ...others] = (resting.get(uri) ?? []).filter((shell) => shell.isReady())
  resting.set(uri, others)
  const shell = ready ?? (await startShell(uri, signal).catch(notConnected))
  const { answer, complaint } = await shell.run(argv, signal).catch((error: unknown) => {
    throw error instanceof ShellEnded ? new VirshFailed('lost', error.message, { cause: error }) : error
  })
  shell.rest(REST_MS)
  resting.set(uri, [shell, ...(resting.get(uri) ?? [])])
  if (answer === '' && complaint !== '') throw new VirshFailed(reasonOf(complaint), `virsh: ${complaint}`)
  return answer
}

/** Nothing was asked yet. */
function notConnected(error: unknown): never {
  if (!(error instanceof ShellEnded)) throw error
  const isMissing = error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'ENOENT'
  if (!isMissing) throw new VirshFailed('unreachable', error.message, { cause: error })
  const message = 'there is no virsh on this machine; apt-get install libvirt-clients'
  throw new VirshFailed('unusable', message, { cause: error })
}

/** What libvirt says in each case, by libvirt 9.0; the first that is found. */
const REASONS: readonly (readonly [VirshFailed['reason'], RegExp])[] = [
  ['unreachable', /cannot acquire state change lock/],
  [
    'lost',
    /end of file|socket is closed|cannot recv|reset by peer|broken pipe|disappeared|no longer running|timed out|keepalive/i,
  ],
  ['unusable', /failed to get domain|domain is not running|agent is not configured/],
  ['unreachable', /failed to (re)?connect to the hypervisor|agent is not connected|agent not available for now/i],
]

const reasonOf = (said: string): VirshFailed['reason'] => REASONS.find(([, words]) => words.test(said))?.[0] ?? 'refused'
