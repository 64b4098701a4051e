// A guest: programs that are started in it, and the scripts that VMware Tools run around a quiesced snapshot. [W5, W6]
import type { JsonObject } from '../../../values/index.ts'
import { type Guest, VimFault, type Vm, type World } from './model.ts'

export const GUEST_USER = 'guest-backup'
export const PRE_FREEZE = '/usr/sbin/pre-freeze-script'

export interface GuestLogin {
  readonly username: string
  readonly password: string
}

/** An ended program is known for about so long. Source: VI JSON, ListProcessesInGuest. */
const REMEMBERED_MS = 5 * 60_000

export function createGuest(): Guest {
  return {
    programs: new Map([
      [PRE_FREEZE, { exitCode: 0, durationMs: 500, does: 'freeze' as const }],
      ['/usr/sbin/post-thaw-script', { exitCode: 0, durationMs: 500, does: 'thaw' as const }],
    ]),
    toolsScripts: new Map(),
    legacyScripts: {},
    processes: [],
    log: [],
    frozen: false,
    holdMs: 10_000,
  }
}

/** Refuses where guest operations cannot be had. */
export function admitToGuest(vm: Vm, auth: GuestLogin, password: string): void {
  if (vm.powerState !== 'poweredOn') throw new VimFault('InvalidPowerState', `${vm.name} is not powered on.`)
  if (!vm.toolsRunning) throw new VimFault('GuestOperationsUnavailable', 'The guest operations agent could not be contacted.')
  if (auth.username !== GUEST_USER || auth.password !== password) {
    throw new VimFault('InvalidGuestLogin', 'Failed to authenticate with the guest operating system.')
  }
}

interface ProgramSpec {
  readonly programPath: string
  readonly arguments: string
}

/** Answers its number as soon as it is started. */
export function startProgram({ clock, newNumber }: World, { guest }: Vm, spec: ProgramSpec): number {
  const program = guest.programs.get(spec.programPath)
  if (!program) throw new VimFault('FileNotFound', `File ${spec.programPath} was not found`, { file: spec.programPath })
  const process: Guest['processes'][number] = {
    pid: 1000 + newNumber(),
    path: spec.programPath,
    arguments: spec.arguments,
    startedAt: clock.now(),
  }
  guest.processes.push(process)
  guest.log.push(`${spec.programPath} ${spec.arguments}`.trim())
  clock.at(clock.now() + program.durationMs, () => {
    process.endedAt = clock.now()
    process.exitCode = program.exitCode
    // A script that fails may have done half of it: the application counts as held until it is thawed.
    if (program.does === 'freeze') guest.frozen = true
    if (program.does === 'thaw' && program.exitCode === 0) guest.frozen = false
  })
  return process.pid
}

export function listProcesses({ clock }: World, { guest }: Vm, pids: readonly number[]): JsonObject[] {
  const known = guest.processes.filter(({ endedAt }) => endedAt === undefined || endedAt + REMEMBERED_MS > clock.now())
  return known
    .filter(({ pid }) => pids.length === 0 || pids.includes(pid))
    .map(({ pid, path, arguments: given, startedAt, endedAt, exitCode }) => ({
      _typeName: 'GuestProcessInfo',
      name: path.slice(path.lastIndexOf('/') + 1),
      pid,
      owner: GUEST_USER,
      // As Tools put it together for what they started themselves. [W17]
      cmdLine: `"${path}" ${given}`,
      startTime: new Date(startedAt).toISOString(),
      ...(endedAt === undefined ? {} : { endTime: new Date(endedAt).toISOString() }),
      ...(exitCode === undefined ? {} : { exitCode }),
    }))
}

// ---- VMware Tools ---------------------------------------------------------------------------------------------------

/** In byte order; the single script from before that folder runs first, and last on thaw. Source: open-vm-tools. */
export function freezeByTools({ guest }: Vm): void {
  if (guest.legacyScripts.freeze !== undefined) guest.log.push('legacy freeze')
  const ran: string[] = []
  if ((guest.legacyScripts.freeze ?? 0) !== 0) failFreeze(guest, ran)
  for (const name of [...guest.toolsScripts.keys()].sort()) {
    guest.log.push(`${name} freeze`)
    // Only those before the failing one are told so, in reverse order.
    if (guest.toolsScripts.get(name) !== 0) failFreeze(guest, ran)
    ran.push(name)
  }
}

function failFreeze(guest: Guest, ran: readonly string[]): never {
  thawed(guest, ran, 'freezeFail')
  throw new VimFault('ApplicationQuiesceFault', 'The guest application could not be quiesced: a custom script failed.')
}

export const thawByTools = ({ guest }: Vm, argument: 'thaw' | 'freezeFail'): void =>
  thawed(guest, [...guest.toolsScripts.keys()].sort(), argument)

function thawed({ log, legacyScripts }: Guest, names: readonly string[], argument: 'thaw' | 'freezeFail'): void {
  for (const name of [...names].reverse()) log.push(`${name} ${argument}`)
  if (legacyScripts.thaw !== undefined) log.push('legacy thaw')
}
