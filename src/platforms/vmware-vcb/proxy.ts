// The VCB proxy: where its commands run, and where this machine sees the folder in which it makes snapshots available.
import { join as joinHere, posix, win32 } from 'node:path'
import type { ActionContext, Connection } from '../../packs/index.ts'
import { type Ended, overSsh, type RunProgram } from '../../ssh/index.ts'
import { runHere } from '../run-here.ts'
import { sshHostOf } from '../ssh-host.ts'
import { asFailure, commandFailed, notReady, said } from './failures.ts'

export type Command = 'vcbVmName' | 'vcbSnapshot' | 'vcbMounter' | 'vcbRestore'

export interface VcbProxy {
  /** Path on the proxy of something in the mount root. */
  at(...names: readonly string[]): string
  /** The same place, as this machine sees it. */
  seen(...names: readonly string[]): string
  /** Of vcbMounter: how it reads disks. */
  readonly transport: string
  /** Name of the server and, but for single sign-on, of the account come first; its password the proxy knows by itself. */
  read(command: Command, args: readonly string[]): Promise<Ended>
  /** The same for what changes something: in doubt it may have. */
  change(command: Command, args: readonly string[]): Promise<Ended>
  /** As `change`, but a command that ends with another code than 0 is an answer too. */
  attempt(command: Command, args: readonly string[]): Promise<Ended>
}

const held = new Map<string, RunProgram>()

/** The commands of this folder are run by this, not as processes: for rehearsals, which run thousands. Answers what ends that. */
export function runAs(commands: string, run: RunProgram): () => void {
  held.set(commands, run)
  return () => void held.delete(commands)
}

/** Throws `ActionFailure` where settings are missing. */
export function proxyOf({ settings }: Connection, context: ActionContext): VcbProxy {
  const { server, account, commands, mountRoot, seenAt, transport } = settings
  const root = String(mountRoot)
  const here = typeof seenAt === 'string' ? seenAt : root
  const path = root.includes('\\') ? win32 : posix
  const login = ['-h', String(server), ...(typeof account === 'string' ? ['-u', account] : [])]
  const run = (typeof commands === 'string' ? held.get(commands) : undefined) ?? runnerOf(settings)
  const pathOf = (command: Command): string => (typeof commands === 'string' ? path.join(commands, command) : command)

  async function perform(command: Command, args: readonly string[], changes: boolean): Promise<Ended> {
    try {
      if (changes) context.assertOwner()
      const ended = await run({ argv: [pathOf(command), ...login, ...args] }, context.signal)
      // What a POSIX shell says of a program that is not there, or may not be run.
      if (ended.exitCode === 127 || ended.exitCode === 126)
        throw notReady(`the proxy cannot run ${command}: ${said(ended).trim()}`)
      return ended
    } catch (error) {
      context.signal.throwIfAborted()
      throw asFailure(error, changes)
    }
  }

  const whole = (command: Command, ended: Ended, changes: boolean): Ended => {
    if (ended.exitCode !== 0) throw commandFailed(command, ended, changes ? 'maybe' : 'no')
    return ended
  }
  return {
    at: (...names) => path.join(root, ...names.map(safe)),
    seen: (...names) => joinHere(here, ...names.map(safe)),
    transport: typeof transport === 'string' ? transport : 'san',
    read: async (command, args) => whole(command, await perform(command, args, false), false),
    change: async (command, args) => whole(command, await perform(command, args, true), true),
    attempt: (command, args) => perform(command, args, true),
  }
}

/** No name may lead out of the mount root. */
function safe(name: string): string {
  if (/[\\/:*?"<>|\0]|^\.*$/.test(name)) throw notReady(`${JSON.stringify(name)} cannot be the name of a folder`)
  return name
}

function runnerOf(settings: Connection['settings']): RunProgram {
  return settings.channel === 'local' ? runHere : overSsh(sshHostOf(settings, notReady))
}
