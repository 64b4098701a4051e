// File systems of a guest, frozen and thawed by its QEMU guest agent.
import { type ActionContext, ActionFailure, type Connection } from '../../packs/index.ts'
import type { JsonObject } from '../../values/index.ts'
import { agentIn } from './channel.ts'
import { asFailure, notFrozen, partlyFrozen } from './failures.ts'
import { type Agent, openAgent } from './qemu-agent.ts'

/** The agent counts only what it froze and is silent of the rest, so what is mounted is counted first. */
export const freezeFilesystems = (connection: Connection, context: ActionContext): Promise<JsonObject> =>
  withAgent(connection, context, async (agent, sent) => {
    const mounted = await agent.ask('guest-get-fsinfo')
    const expected = Array.isArray(mounted) ? mounted.length : 0
    context.assertOwner()
    sent()
    const frozen = Number(await agent.ask('guest-fsfreeze-freeze'))
    if (frozen < expected) throw partlyFrozen(frozen, expected)
    return { filesystems: frozen }
  })

export const filesystemsState = (connection: Connection, context: ActionContext): Promise<JsonObject> =>
  withAgent(connection, context, async (agent) => ({ found: (await agent.ask('guest-fsfreeze-status')) !== 'thawed' }))

/** A hook that fails makes the agent answer with an error although it thawed: the state counts. */
export const thawFilesystems = (connection: Connection, context: ActionContext): Promise<JsonObject> =>
  withAgent(connection, context, async (agent, sent) => {
    if ((await agent.ask('guest-fsfreeze-status')) === 'thawed') throw notFrozen()
    context.assertOwner()
    sent()
    const thawed = await agent.ask('guest-fsfreeze-thaw').catch((error: unknown) => error)
    if (thawed instanceof Error && (await agent.ask('guest-fsfreeze-status')) !== 'thawed') throw thawed
    return {}
  })

async function withAgent(
  { settings }: Connection,
  context: ActionContext,
  call: (agent: Agent, sent: () => void) => Promise<JsonObject>,
): Promise<JsonObject> {
  let started = false
  try {
    using agent = await openAgent(agentIn(settings), context.signal)
    return await call(agent, () => {
      started = true
    })
  } catch (error) {
    context.signal.throwIfAborted()
    throw error instanceof ActionFailure ? error : asFailure(error, started)
  }
}
