// Guests for rehearsals and demonstrations: their agents on sockets of this machine, their own state the judge.
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StandIn, StandInOptions } from '../../platform.ts'
import { createFaults, createPlatformClock, movedTime, type PlatformClock, VM_NAMES } from '../../simulation/index.ts'
import { LAYOUTS, type ScriptPlace } from '../layouts.ts'
import { type AgentFault, type SimulatedAgent, startAgent } from './agent.ts'
import { createGuest, type SimulatedScript, whatHolds } from './guest.ts'

/** How each command can fail. An agent that is silent holds time up for ever: that is for tests on a true clock. */
const FAULTS: Readonly<Record<string, readonly AgentFault['does'][]>> = {
  'guest-sync-delimited': ['breaksBefore'],
  'guest-exec': ['fails', 'breaksBefore', 'breaksAfter', 'exits1'],
  // One that was started anew knows no process of before.
  'guest-exec-status': ['fails', 'breaksAfter'],
  'guest-get-fsinfo': ['fails', 'breaksBefore'],
  'guest-fsfreeze-freeze': ['fails', 'breaksBefore', 'breaksAfter'],
  'guest-fsfreeze-status': ['fails', 'breaksBefore'],
  'guest-fsfreeze-thaw': ['fails', 'breaksBefore', 'breaksAfter'],
}

/** Longer than the thaw after a broken connection takes. On Windows nothing tells of a script that runs on, and there each is done at once. */
const HOLDS_AFTER_MS = 45_000

/** Scripts at every place of the table, so that a runbook may say any system and generation. */
function everyScript(holdsAfterMs: number): Readonly<Record<string, SimulatedScript>> {
  const of = (place: ScriptPlace, does: 'holds' | 'letsGo'): readonly [string, SimulatedScript][] => {
    const onPosix = place.path.startsWith('/')
    const how = { exitCode: 0, ...(onPosix ? { holdsAfterMs } : {}) }
    if (place.kind === 'file') return [[place.path, { does, ...how }]]
    return ['10-database', '20-mail'].map((name) => [
      `${place.path}${onPosix ? '/' : '\\'}${name}`,
      { does: 'byArgument', ...how },
    ])
  }
  const layouts = Object.values(LAYOUTS).flatMap((byGeneration) => Object.values(byGeneration))
  return Object.fromEntries(layouts.flatMap(({ preFreeze, postThaw }) => [...of(preFreeze, 'holds'), ...of(postThaw, 'letsGo')]))
}

export const startStandIn = async ({ startAtMs }: StandInOptions): Promise<StandIn> =>
  standIn(createPlatformClock(startAtMs, 0), HOLDS_AFTER_MS)

/** On a true clock, with scripts that take no time. */
export const startSimulated = (): Promise<StandIn> => standIn(createPlatformClock(Date.now(), 1), 0)

async function standIn(clock: PlatformClock, holdsAfterMs: number): Promise<StandIn> {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-guest-'))
  opened.use(clock)
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const faults = createFaults<AgentFault>()
  const guests = VM_NAMES.map((name) => ({ name, guest: createGuest(everyScript(holdsAfterMs), clock) }))
  const agents: SimulatedAgent[] = []
  for (const { name, guest } of guests) agents.push(opened.use(await startAgent(guest, join(folder, `${name}.sock`), faults)))
  // Runbooks that give no name talk to the first one.
  await symlink(`${VM_NAMES[0]}.sock`, join(folder, '{vm}.sock'))
  const running = opened.move()
  return {
    connection: 'guest/Machine',
    settings: { channel: 'qemu-agent', socket: join(folder, '{vm}.sock') },
    known: {},
    // Time does not leap to the end of a script: whoever waits for one asks again and again, and that of another comes when it comes.
    time: { ...movedTime(clock), nextDueMs: undefined },
    asked: () => sumOf(agents.map((agent) => agent.asked())),
    faultsOf: (operation) => FAULTS[operation] ?? [],
    strike: (operation, does, skip) => faults.add({ operation, does: does as AgentFault['does'], skip }),
    heal: () => faults.clear(),
    leaks: async () => {
      // What runs still does what it is there for, too.
      clock.advance(holdsAfterMs)
      return guests.flatMap(({ name, guest }) => whatHolds(guest).map((line) => `${name}: ${line}`))
    },
    made: () => [],
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function sumOf(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const each of counts) for (const [key, count] of Object.entries(each)) sum[key] = (sum[key] ?? 0) + count
  return sum
}
