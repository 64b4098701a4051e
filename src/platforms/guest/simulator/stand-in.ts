// Guests for rehearsals and demonstrations: their agents on sockets of this machine, their own state the judge.
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StandIn } from '../../platform.ts'
import { createFaults, VM_NAMES } from '../../simulation/index.ts'
import { LAYOUTS, type ScriptPlace } from '../layouts.ts'
import { type AgentFault, type SimulatedAgent, startAgent } from './agent.ts'
import { createGuest, type SimulatedScript, whatHolds } from './guest.ts'

/** How each command can fail. An agent that is silent holds time up for ever: that is for tests on a true clock. */
const FAULTS: Readonly<Record<string, readonly AgentFault['does'][]>> = {
  'guest-sync-delimited': ['breaksBefore'],
  'guest-exec': ['fails', 'breaksBefore', 'breaksAfter', 'exits1'],
  'guest-exec-status': ['breaksAfter'],
  'guest-get-fsinfo': ['fails', 'breaksBefore'],
  'guest-fsfreeze-freeze': ['fails', 'breaksBefore', 'breaksAfter'],
  'guest-fsfreeze-status': ['fails', 'breaksBefore'],
  'guest-fsfreeze-thaw': ['fails', 'breaksBefore', 'breaksAfter'],
}

/** Scripts at every place of the table, so that a runbook may say any system and generation. */
function everyScript(): Readonly<Record<string, SimulatedScript>> {
  const of = (place: ScriptPlace, does: 'holds' | 'letsGo'): readonly [string, SimulatedScript][] =>
    place.kind === 'file'
      ? [[place.path, { does, exitCode: 0 }]]
      : ['10-database', '20-mail'].map((name) => [
          `${place.path}${place.path.startsWith('/') ? '/' : '\\'}${name}`,
          { does: 'byArgument', exitCode: 0 },
        ])
  const layouts = Object.values(LAYOUTS).flatMap((byGeneration) => Object.values(byGeneration))
  return Object.fromEntries(layouts.flatMap(({ preFreeze, postThaw }) => [...of(preFreeze, 'holds'), ...of(postThaw, 'letsGo')]))
}

export async function startStandIn(): Promise<StandIn> {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-guest-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const faults = createFaults<AgentFault>()
  const guests = VM_NAMES.map((name) => ({ name, guest: createGuest(everyScript()) }))
  const agents: SimulatedAgent[] = []
  for (const { name, guest } of guests) agents.push(opened.use(await startAgent(guest, join(folder, `${name}.sock`), faults)))
  // Runbooks that give no name talk to the first one.
  await symlink(`${VM_NAMES[0]}.sock`, join(folder, '{vm}.sock'))
  const running = opened.move()
  return {
    connection: 'guest/Machine',
    settings: { channel: 'qemu-agent', socket: join(folder, '{vm}.sock') },
    known: {},
    asked: () => sumOf(agents.map((agent) => agent.asked())),
    faultsOf: (operation) => FAULTS[operation] ?? [],
    strike: (operation, does, skip) => faults.add({ operation, does: does as AgentFault['does'], skip }),
    heal: () => faults.clear(),
    leaks: async () => guests.flatMap(({ name, guest }) => whatHolds(guest).map((line) => `${name}: ${line}`)),
    made: () => [],
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function sumOf(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const each of counts) for (const [key, count] of Object.entries(each)) sum[key] = (sum[key] ?? 0) + count
  return sum
}
