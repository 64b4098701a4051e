// The guest pack around a simulated guest: single calls on a true clock, over the agent's socket.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { guest as platform } from '../../../src/platforms/guest/index.ts'
import { type SimulatedAgent, startAgent } from '../../../src/platforms/guest/simulator/agent.ts'
import { createGuest, type SimulatedGuest, type SimulatedScript } from '../../../src/platforms/guest/simulator/guest.ts'
import { createPlatformClock } from '../../../src/platforms/simulation/index.ts'
import type { Json, JsonObject, Secret } from '../../../src/values/index.ts'
import { callAction } from '../calls.ts'

export interface GuestHarness extends AsyncDisposable {
  readonly guest: SimulatedGuest
  readonly agent: SimulatedAgent
  readonly socket: string
}

export async function startGuest(scripts = LINUX, clock = createPlatformClock(Date.now(), 1)): Promise<GuestHarness> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-guest-test-'))
  const socket = join(folder, 'agent.sock')
  const guest = createGuest(scripts, clock)
  const agent = await startAgent(guest, socket)
  return {
    guest,
    agent,
    socket,
    [Symbol.asyncDispose]: async () => {
      await agent[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const LINUX: Readonly<Record<string, SimulatedScript>> = {
  '/usr/sbin/pre-freeze-script': { does: 'holds', exitCode: 0 },
  '/usr/sbin/post-thaw-script': { does: 'letsGo', exitCode: 0 },
}

type Settings = Readonly<Record<string, Json | Secret>>

export const overAgentOf = ({ socket }: GuestHarness): Settings => ({ channel: 'qemu-agent', socket })

export function callGuest(
  action: string,
  settings: Settings,
  input: JsonObject = {},
  signal = new AbortController().signal,
): Promise<JsonObject> {
  return callAction(
    platform.handlers,
    `guest/${action}`,
    { machine: { $target: 'guest', connection: 'guest/Machine' }, vm: 'vm-112', ...input },
    { signal, connection: () => ({ target: 'guest', type: 'guest/Machine', settings }) },
  )
}
