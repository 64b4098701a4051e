// Programs in a guest, run by its QEMU guest agent: arguments are a list, no shell in between.
import type { Clock } from '../../packs/index.ts'
import { KILL_TREE } from '../../ssh/index.ts'
import { isObject, type Json, type JsonObject } from '../../values/index.ts'
import { type Channel, NotStarted, type Output, type ProgramEnd, type RunningProgram } from './programs.ts'
import { type Agent, type AgentAt, AgentFailed, openAgent } from './qemu-agent.ts'
import { signalNamed } from './signals.ts'

const POLL_MS = 100

/**
 * Its failures are `AgentFailed`. How a program ended is told once; a connection that breaks over that leaves it open. What it said comes
 * when it has ended: at once, of at most 16 MiB.
 */
export const agentChannel = (at: AgentAt, clock: Clock): Channel => ({
  async start({ argv: [program, ...args], stdin, maxOutputBytes }, signal) {
    if ([program, ...args].some((each) => NONCHARACTER.test(each))) {
      throw new NotStarted('an argument holds a character that the guest agent takes from nobody')
    }
    // The connection outlives the signal, for a program that nobody waits for any more is ended over it.
    const life = new AbortController()
    const giveUp = (): void => life.abort(signal.reason)
    signal.throwIfAborted()
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      const agent = await openAgent(at, life.signal)
      const pid = await started(agent, {
        path: program,
        arg: args,
        'capture-output': true,
        ...(stdin === undefined ? {} : { 'input-data': Buffer.from(stdin).toString('base64') }),
      }).catch((error: unknown) => {
        agent[Symbol.dispose]()
        throw error
      })
      return watch(inTurn(agent), pid, { maxOutputBytes, clock, life })
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  },
})

/** QEMU reads no JSON that holds one, nor the escape for one. (qemu, util/unicode.c) */
const NONCHARACTER = /\p{Noncharacter_Code_Point}/u

async function started(agent: Agent, command: JsonObject): Promise<number> {
  try {
    const answer = await agent.ask('guest-exec', command)
    if (isObject(answer) && typeof answer.pid === 'number') return answer.pid
  } catch (error) {
    // What GLib says of a program that cannot be started, on every system.
    if (error instanceof AgentFailed && /Failed to execute (child|helper)/.test(error.message)) {
      throw new NotStarted(error.message, { cause: error })
    }
    throw error
  }
  throw new AgentFailed('lost', 'the guest agent did not say which process it started')
}

interface Watching {
  readonly maxOutputBytes: number
  readonly clock: Clock
  readonly life: AbortController
}

function watch(agent: Agent, pid: number, { maxOutputBytes, clock, life }: Watching): RunningProgram {
  let said: Output = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), cut: false }
  const ended = async (): Promise<Extract<ProgramEnd, { kind: 'exited' | 'signalled' }>> => {
    for (;;) {
      const status = await agent.ask('guest-exec-status', { pid }).catch(nobodyKnows)
      if (isObject(status) && status.exited === true) {
        said = outputIn(status, maxOutputBytes)
        return typeof status.signal === 'number'
          ? { kind: 'signalled', signal: signalNamed(status.signal) }
          : { kind: 'exited', exitCode: Number(status.exitcode) }
      }
      await clock.sleep(POLL_MS, life.signal)
    }
  }
  return {
    ended: ended(),
    output: () => said,
    kill: async () => {
      const [path, ...arg] = killing(await agent.ask('guest-get-osinfo').catch(() => null), pid)
      await agent.ask('guest-exec', { path, arg })
    },
    [Symbol.asyncDispose]: async () => {
      life.abort(new Error('nobody waits for the program any more'))
      agent[Symbol.dispose]()
    },
  }
}

/** An agent that was started anew knows nothing of what runs still. */
function nobodyKnows(error: unknown): never {
  if (!(error instanceof AgentFailed) || error.reason !== 'refused') throw error
  throw new AgentFailed('lost', error.message, { cause: error })
}

/** The agent cannot be told to end what it started, but to start what does. (guest-get-osinfo: `mswindows`) */
const killing = (system: Json, pid: number): readonly [string, ...string[]] =>
  isObject(system) && system.id === 'mswindows'
    ? ['taskkill', '/F', '/T', '/PID', String(pid)]
    : ['/bin/sh', '-c', KILL_TREE, 'sh', String(pid)]

function outputIn(status: JsonObject, maxBytes: number): Output {
  const bytes = (key: string): Buffer => Buffer.from(typeof status[key] === 'string' ? status[key] : '', 'base64')
  const [stdout, stderr] = [bytes('out-data'), bytes('err-data')]
  const cut = status['out-truncated'] === true || status['err-truncated'] === true
  return {
    stdout: stdout.subarray(0, maxBytes),
    stderr: stderr.subarray(0, maxBytes),
    cut: cut || Math.max(stdout.length, stderr.length) > maxBytes,
  }
}

/** Questions of two at once wait for each other: an agent takes one at a time. */
function inTurn(agent: Agent): Agent {
  let last: Promise<unknown> = Promise.resolve()
  return {
    ask: (command, args) => {
      const answer = last.then(() => agent.ask(command, args))
      last = answer.catch(() => {})
      return answer
    },
    [Symbol.dispose]: () => agent[Symbol.dispose](),
  }
}
