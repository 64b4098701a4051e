// Programs in the measuring guest, by its agent. They must leave nothing running that holds their output.
import type { JsonObject } from '../../../values/index.ts'
import { type AgentAt, openAgent } from '../../guest/index.ts'

/** Software emulation on a machine that is busy with much else. */
const ENDS_MS = 600_000

/** Answers what it said; throws where it did not end with 0. */
export async function runInGuest(
  { agentPath }: { readonly agentPath: AgentAt },
  program: string,
  args: readonly string[] = [],
): Promise<string> {
  const signal = AbortSignal.timeout(ENDS_MS)
  using agent = await openAgent(agentPath, signal)
  const { pid } = (await agent.ask('guest-exec', { path: program, arg: [...args], 'capture-output': true })) as JsonObject
  for (;;) {
    const status = (await agent.ask('guest-exec-status', { pid: pid ?? null })) as JsonObject
    if (status.exited === true) {
      const said = Buffer.from(String(status['out-data'] ?? ''), 'base64').toString()
      if (status.exitcode !== 0) throw new Error(`${program} in the measuring guest failed: ${said}`)
      return said
    }
    signal.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
