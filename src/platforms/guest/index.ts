// Guests in code: programs that run inside of a VM, and what they prove.
import type { TargetRef } from '../../language/index.ts'
import type { ActionContext, Connection, Handlers } from '../../packs/index.ts'
import type { JsonObject } from '../../values/index.ts'
import type { Platform, StandIn } from '../platform.ts'
import { settingFor } from '../several-vms.ts'
import { programsIn } from './channel.ts'
import { consistencyOf, type Happened } from './consistency.ts'
import { execute } from './exec.ts'
import { asFailure, freezeRuns, scriptFailed } from './failures.ts'
import { filesystemsState, freezeFilesystems, thawFilesystems } from './filesystems.ts'
import { type Esx, type GuestOs, LAYOUTS, type ThawReason } from './layouts.ts'
import type { RunInGuest } from './programs.ts'
import { runPostThaw, runPreFreeze } from './scripts.ts'
import { stillFreezes } from './still-freezes.ts'

export { type EsxGeneration, type GuestOs, LAYOUTS, type ScriptPlace, type ThawReason } from './layouts.ts'
export { type Agent, type AgentAt, openAgent } from './qemu-agent.ts'

// Inputs have been checked against the manifest; these say the same to the compiler.
interface OnMachine extends JsonObject {
  readonly machine: TargetRef & JsonObject
  readonly vmName?: string
}
interface WithScripts extends OnMachine {
  readonly os: GuestOs
  readonly esx: Esx
  readonly reason?: ThawReason
}

const handlers: Handlers = {
  'guest/exec': (input, context) => execute(machineOf(input, context), input, context),
  'guest/scripts.freeze': freezeScripts,
  'guest/scripts.thaw': thawScripts,
  'guest/filesystems.freeze': (input, context) => freezeFilesystems(machineOf(input, context), context),
  'guest/filesystems.state': (input, context) => filesystemsState(machineOf(input, context), context),
  'guest/filesystems.thaw': (input, context) => thawFilesystems(machineOf(input, context), context),
  'guest/consistency': async (input) => ({ ...consistencyOf(input as unknown as Happened) }),
}

export const guest: Platform = {
  pack: 'guest',
  handlers,
  logins: {},
  standIn: async () => (await import('./simulator/index.ts')).startStandIn,
}

/** A simulated guest, for the demonstrations of platforms. */
export const startSimulatedGuest = async (): Promise<StandIn> => (await import('./simulator/index.ts')).startSimulated()

function machineOf(input: JsonObject, context: ActionContext): Connection {
  const { machine, vmName } = input as OnMachine
  const connection = context.connection(machine)
  const named = ['socket', 'domain'].flatMap((key) => {
    const setting = settingFor(connection.settings[key], vmName)
    return setting === undefined ? [] : [[key, setting] as const]
  })
  return { ...connection, settings: { ...connection.settings, ...Object.fromEntries(named) } }
}

async function freezeScripts(input: JsonObject, context: ActionContext): Promise<JsonObject> {
  const { os, esx } = input as WithScripts
  const programs = programsIn(machineOf(input, context), context)
  // Whoever took the run over has thawed, perhaps: an engine that stood still meanwhile starts no further script.
  const run: RunInGuest = async (program, signal) => {
    context.assertOwner()
    return programs(program, signal)
  }
  const ran = await inGuest(context, () => runPreFreeze(run, os, LAYOUTS[os][esx].preFreeze, context.signal))
  const failed = ran.find(({ succeeded }) => !succeeded)
  if (failed) throw scriptFailed(failed, false)
  return { scripts: ran.map(({ script }) => script) }
}

/**
 * Counts where no pre-freeze script ran on when it began: such a one may freeze behind it. What holds still by then is let go all the same,
 * at once.
 */
async function thawScripts(input: JsonObject, context: ActionContext): Promise<JsonObject> {
  const { os, esx, reason = 'thaw' } = input as WithScripts
  const { preFreeze, postThaw } = LAYOUTS[os][esx]
  const run = programsIn(machineOf(input, context), context)
  context.assertOwner()
  const freezing = os === 'windows' ? undefined : await inGuest(context, () => stillFreezes(run, preFreeze, context.signal))
  const ran = await inGuest(context, () => runPostThaw(run, os, postThaw, reason, context.signal))
  const failed = ran.find(({ succeeded }) => !succeeded)
  if (failed) throw scriptFailed(failed, true)
  if (freezing !== undefined) throw freezeRuns(freezing)
  return {}
}

async function inGuest<Answer>(context: ActionContext, call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call()
  } catch (error) {
    context.signal.throwIfAborted()
    throw asFailure(error)
  }
}
