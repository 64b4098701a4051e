// A guest for rehearsals: its agent on a socket of this machine, its own state the judge.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StandIn } from '../../platform.ts'
import { type AgentFault, startAgent } from './agent.ts'
import { createGuest, whatHolds } from './guest.ts'

/** How each command can fail. An agent that is silent holds time up for ever: that is for tests on a true clock. */
const FAULTS: Readonly<Record<string, readonly AgentFault['does'][]>> = {
  'guest-sync-delimited': ['breaksBefore'],
  'guest-exec': ['fails', 'breaksBefore', 'breaksAfter', 'exits1'],
  'guest-exec-status': ['breaksAfter'],
}

export async function startStandIn(): Promise<StandIn> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-guest-'))
  const socket = join(folder, 'agent.sock')
  const guest = createGuest({
    '/usr/sbin/pre-freeze-script': { does: 'holds', exitCode: 0 },
    '/usr/sbin/post-thaw-script': { does: 'letsGo', exitCode: 0 },
  })
  const agent = await startAgent(guest, socket)
  return {
    connection: 'guest/Machine',
    settings: { channel: 'qemu-agent', socket },
    known: { os: 'other', esx: 'from35U2' },
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
