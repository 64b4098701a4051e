// A guest as far as quiescing goes: scripts at their places, an application that holds still or not, file systems that are frozen or not.
import { KILL_TREE } from '../../../ssh/index.ts'
import type { JsonObject } from '../../../values/index.ts'
import { createPlatformClock, type PlatformClock } from '../../simulation/index.ts'
import { MARK, NAME_MARKED } from '../still-freezes.ts'

export interface SimulatedScript {
  /** What it does to the application, by its own name or by the first argument. */
  readonly does: 'holds' | 'letsGo' | 'byArgument'
  exitCode: number
  /** How long it takes until the application holds. Default: it does at once. */
  readonly holdsAfterMs?: number
}

interface Process {
  readonly beganAtMs: number
  /** Of a pre-freeze script that can be found again: where it was looked for. */
  readonly freezes?: string | undefined
  /** As the agent tells it. */
  status?: JsonObject
}

export interface SimulatedGuest {
  /** By path. */
  readonly scripts: Map<string, SimulatedScript>
  readonly mountpoints: readonly string[]
  /** Scripts that held the application and were not undone. */
  readonly holding: Set<string>
  /** By their ids. */
  readonly processes: Map<number, Process>
  readonly clock: PlatformClock
  frozen: boolean
  /** What ran, with its arguments. */
  readonly log: string[]
}

export const createGuest = (
  scripts: Readonly<Record<string, SimulatedScript>>,
  clock = createPlatformClock(Date.now(), 1),
): SimulatedGuest => ({
  scripts: new Map(Object.entries(scripts)),
  mountpoints: ['/', '/srv'],
  holding: new Set(),
  processes: new Map(),
  clock,
  frozen: false,
  log: [],
})

interface Exited {
  readonly exitcode: number
  readonly out: string
  readonly err: string
}

const exited = (exitcode: number, out = '', err = ''): Exited => ({ exitcode, out, err })

interface Program {
  readonly isScript?: boolean
  readonly freezes?: string | undefined
  readonly takesMs?: number
  readonly end: () => Exited
}

/** Starts a program and answers its id. Undefined where there is no such program. `fails`: a script ends with 1, having done its work. */
export function begin(guest: SimulatedGuest, argv: readonly string[], fails: boolean): number | undefined {
  const program = programOf(guest, argv)
  if (!program) return undefined
  const pid = 1001 + guest.processes.size
  const { clock, processes } = guest
  const process: Process = { beganAtMs: clock.now(), freezes: program.freezes }
  processes.set(pid, process)
  const end = (): void => {
    if (process.status) return
    const { exitcode, out, err } = program.end()
    const base64 = (text: string): string => Buffer.from(text).toString('base64')
    process.status = {
      exited: true,
      exitcode: fails && program.isScript ? 1 : exitcode,
      ...(out === '' ? {} : { 'out-data': base64(out) }),
      ...(err === '' ? {} : { 'err-data': base64(err) }),
    }
  }
  if (program.takesMs === undefined) end()
  else clock.at(clock.now() + program.takesMs, end)
  return pid
}

/** A script, or one of the few commands that look for scripts. */
function programOf(guest: SimulatedGuest, argv: readonly string[]): Program | undefined {
  const [program = '', ...args] = argv
  if (program === 'test') return { end: () => exited(guest.scripts.has(args[1] ?? '') ? 0 : 1) }
  if (program === '/bin/sh') return ofShell(guest, args)
  if (program === 'cmd.exe' && args[1] === 'dir') {
    return { end: () => listed(namesIn(guest, args.at(-1) ?? '', '\\'), '\r\n') }
  }
  if (program === 'cmd.exe') return programOf(guest, args.slice(1))
  const script = guest.scripts.get(program)
  if (!script) return undefined
  guest.log.push(argv.join(' '))
  const { does, exitCode, holdsAfterMs } = script
  const holds = does === 'holds' || (does === 'byArgument' && args[0] === 'freeze')
  return {
    isScript: true,
    ...(holds && holdsAfterMs !== undefined ? { takesMs: holdsAfterMs } : {}),
    end: () => {
      // A script that fails may have done half of its work.
      if (holds) guest.holding.add(program)
      else if (exitCode === 0) letGo(guest, program, does)
      return exited(exitCode, `${program} was here`, exitCode === 0 ? '' : 'the database does not answer')
    },
  }
}

/** By the texts that are handed to it, for it reads none. */
function ofShell(guest: SimulatedGuest, [, text, , ...args]: readonly string[]): Program | undefined {
  const [first = ''] = args
  switch (text) {
    case MARK: {
      const program = programOf(guest, args.slice(1))
      return program && { ...program, freezes: first }
    }
    case NAME_MARKED:
      return { end: () => exited(0, marked(guest, first, Number(args[1]) * 1000).join('\n')) }
    case KILL_TREE:
      return { end: () => exited(kill(guest, Number(first))) }
    default:
      return { end: () => listed(namesIn(guest, first, '/'), '\0') }
  }
}

function marked(guest: SimulatedGuest, path: string, deadlineMs: number): readonly number[] {
  const running = [...guest.processes].filter(([, { freezes, status }]) => freezes === path && !status)
  for (const [pid, { beganAtMs }] of running) if (guest.clock.now() - beganAtMs >= deadlineMs) kill(guest, pid)
  return running.map(([pid]) => pid)
}

const SIGKILL = 9

function kill({ processes }: SimulatedGuest, pid: number): number {
  const process = processes.get(pid)
  if (process) process.status ??= { exited: true, signal: SIGKILL }
  return 0
}

function letGo(guest: SimulatedGuest, program: string, does: SimulatedScript['does']): void {
  if (does === 'byArgument') guest.holding.delete(program)
  else guest.holding.clear()
}

/** In an order of its own. */
const namesIn = ({ scripts }: SimulatedGuest, path: string, separator: string): readonly string[] =>
  [...scripts.keys()].flatMap((each) =>
    each === path || each.startsWith(`${path}${separator}`) ? [each.slice(each.lastIndexOf(separator) + 1)] : [],
  )

const listed = (names: readonly string[], end: string): Exited =>
  names.length === 0 ? exited(1, '', 'File Not Found') : exited(0, names.map((name) => `${name}${end}`).join(''))

export const whatHolds = ({ holding, frozen }: SimulatedGuest): readonly string[] => [
  ...[...holding].map((script) => `the application that ${script} told to hold still`),
  ...(frozen ? ['the file systems of the guest are frozen'] : []),
]

/** Answers of the agent for what is no program. Undefined where the command is not known. */
export function command(guest: SimulatedGuest, name: string): JsonObject | undefined {
  switch (name) {
    case 'guest-fsfreeze-status':
      return { return: guest.frozen ? 'frozen' : 'thawed' }
    case 'guest-fsfreeze-freeze':
      guest.frozen = true
      return { return: guest.mountpoints.length }
    case 'guest-fsfreeze-thaw': {
      const thawed = guest.frozen ? guest.mountpoints.length : 0
      guest.frozen = false
      return { return: thawed }
    }
    case 'guest-get-fsinfo':
      return { return: guest.mountpoints.map((mountpoint, at) => ({ name: `vd${at}`, mountpoint, type: 'ext4', disk: [] })) }
    default:
      return undefined
  }
}
