// A guest's quiescing scripts, found and run in their order, over whatever runs programs in the guest.
import type { Ended, RunProgram } from '../../ssh/index.ts'
import type { GuestOs, ScriptPlace, ThawReason } from './layouts.ts'

export interface Ran {
  readonly script: string
  /** 0 is success. A signal counts as 128. */
  readonly exitCode: number
  /** The end of what it said, for people. */
  readonly said: string
}

/** Runs them until one fails, which is then the last of the answer. */
export async function runPreFreeze(
  run: RunProgram,
  os: GuestOs,
  place: ScriptPlace,
  signal: AbortSignal,
): Promise<readonly Ran[]> {
  const all: Ran[] = []
  for (const script of await scriptsIn(run, os, place, signal)) {
    const ran = await runScript(run, os, script, place.kind === 'folder' ? ['freeze'] : [], signal)
    all.push(ran)
    if (ran.exitCode !== 0) break
  }
  return all
}

/** Runs them all, whichever fail: what was frozen must not stay so for the sake of another. */
export async function runPostThaw(
  run: RunProgram,
  os: GuestOs,
  place: ScriptPlace,
  reason: ThawReason,
  signal: AbortSignal,
): Promise<readonly Ran[]> {
  const all: Ran[] = []
  for (const script of await scriptsIn(run, os, place, signal)) {
    all.push(await runScript(run, os, script, place.kind === 'folder' ? [reason] : [], signal))
  }
  return all
}

/** Those that are there, in the order in which they run; scripts are optional. */
async function scriptsIn(run: RunProgram, os: GuestOs, place: ScriptPlace, signal: AbortSignal): Promise<readonly string[]> {
  const listed = await run({ argv: lister(os, place.path) }, signal)
  if (listed.exitCode === 1) return []
  if (listed.exitCode !== 0) throw new ScriptsUnknown(place.path, endOf(listed))
  if (place.kind === 'file') return [place.path]
  const separator = os === 'windows' ? '\\' : '/'
  const names = listed.stdout
    .toString('utf8')
    .split(/\r?\n/)
    .filter((name) => name !== '')
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return (place.order === 'ascending' ? names : names.toReversed()).map((name) => `${place.path}${separator}${name}`)
}

/** It cannot be told which scripts there are. */
export class ScriptsUnknown extends Error {
  constructor(path: string, said: string) {
    super(`cannot look for scripts at ${path}${said === '' ? '' : `: ${said}`}`)
    this.name = 'ScriptsUnknown'
  }
}

/** Names the files there, without folders; exits with 1 where there are none. */
const lister = (os: GuestOs, path: string): [string, ...string[]] =>
  os === 'windows' ? ['cmd.exe', '/c', 'dir', '/b', '/a-d', path] : ['test', '-f', path]

async function runScript(
  run: RunProgram,
  os: GuestOs,
  script: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<Ran> {
  const ended = await run({ argv: os === 'windows' ? ['cmd.exe', '/c', script, ...args] : [script, ...args] }, signal)
  return { script, exitCode: ended.exitCode ?? 128, said: endOf(ended) }
}

const MAX_SAID = 400

const endOf = ({ stdout, stderr }: Ended): string =>
  (stderr.length > 0 ? stderr : stdout).toString('utf8').trim().slice(-MAX_SAID)
