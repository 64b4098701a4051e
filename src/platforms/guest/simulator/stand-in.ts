// A guest for rehearsals and demonstrations: its agent on a socket of this machine, its own state the judge.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StandIn } from '../../platform.ts'
import { LAYOUTS, type ScriptPlace } from '../layouts.ts'
import { type AgentFault, startAgent } from './agent.ts'
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
      : ['10-database.bat', '20-mail.bat'].map((name) => [`${place.path}\\${name}`, { does: 'byArgument', exitCode: 0 }])
  const layouts = Object.values(LAYOUTS).flatMap((byGeneration) => Object.values(byGeneration))
  return Object.fromEntries(layouts.flatMap(({ preFreeze, postThaw }) => [...of(preFreeze, 'holds'), ...of(postThaw, 'letsGo')]))
}

export async function startStandIn(): Promise<StandIn> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-guest-'))
  const socket = join(folder, 'agent.sock')
  const guest = createGuest(everyScript())
  const agent = await startAgent(guest, socket)
  return {
    connection: 'guest/Machine',
    settings: { channel: 'qemu-agent', socket },
    known: {},
    asked: agent.asked,
    faultsOf: (operation) => FAULTS[operation] ?? [],
    strike: (operation, does, skip) => agent.faults.add({ operation, does: does as AgentFault['does'], skip }),
    heal: () => agent.faults.clear(),
    leaks: async () => whatHolds(guest),
    made: () => [],
    [Symbol.asyncDispose]: async () => {
      await agent[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
