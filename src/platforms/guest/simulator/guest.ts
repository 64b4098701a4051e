// A guest as far as quiescing goes: scripts at their places, an application that holds still or not, file systems that are frozen or not.
import type { JsonObject } from '../../../values/index.ts'

export interface SimulatedScript {
  /** What it does to the application, by its own name or by the first argument. */
  readonly does: 'holds' | 'letsGo' | 'byArgument'
  exitCode: number
}

export interface SimulatedGuest {
  /** By path. */
  readonly scripts: Map<string, SimulatedScript>
  readonly mountpoints: readonly string[]
  /** Scripts that held the application and were not undone. */
  readonly holding: Set<string>
  frozen: boolean
  /** What ran, with its arguments. */
  readonly log: string[]
}

export const createGuest = (scripts: Readonly<Record<string, SimulatedScript>>): SimulatedGuest => ({
  scripts: new Map(Object.entries(scripts)),
  mountpoints: ['/', '/srv'],
  holding: new Set(),
  frozen: false,
  log: [],
})

interface Exited {
  readonly exitcode: number
  readonly out: string
  readonly err: string
}

const exited = (exitcode: number, out = '', err = ''): Exited => ({ exitcode, out, err })

/** Runs a program of the guest: a script, or one of the few commands that look for scripts. Undefined where there is no such program. */
export function execute(guest: SimulatedGuest, argv: readonly string[]): Exited | undefined {
  const [program = '', ...args] = argv
  if (program === 'test') return exited(guest.scripts.has(args[1] ?? '') ? 0 : 1)
  if (program === '/bin/sh') return listed(namesIn(guest, args.at(-1) ?? '', '/'), '\0')
  if (program === 'cmd.exe' && args[1] === 'dir') return listed(namesIn(guest, args.at(-1) ?? '', '\\'), '\r\n')
  if (program === 'cmd.exe') return execute(guest, args.slice(1))
  const script = guest.scripts.get(program)
  if (!script) return undefined
  guest.log.push(argv.join(' '))
  const { does, exitCode } = script
  const holds = does === 'holds' || (does === 'byArgument' && args[0] === 'freeze')
  // A script that fails may have done half of its work.
  if (holds) guest.holding.add(program)
  else if (exitCode === 0) letGo(guest, program, does)
  return exited(exitCode, `${program} was here`, exitCode === 0 ? '' : 'the database does not answer')
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
