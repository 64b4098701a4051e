// A guest's quiescing scripts, found and run in their order, over whatever runs programs in the guest. Each is started by itself and each
// exit code counts: a dispatcher that runs a whole folder may hide that one failed.
import type { GuestOs, ScriptPlace, ThawReason } from './layouts.ts'
import { howEnded, LOOKING, type Ran, type RunInGuest } from './programs.ts'
import { marked } from './still-freezes.ts'

export interface ScriptRan {
  readonly script: string
  readonly succeeded: boolean
  /** How it ended, for people. */
  readonly how: string
  /** Absent where it did not end by itself, or not at all. */
  readonly exitCode?: number
  /** The end of what it said, for people. */
  readonly said: string
}

/** Runs them until one fails, which is then the last of the answer. */
export async function runPreFreeze(
  run: RunInGuest,
  os: GuestOs,
  place: ScriptPlace,
  signal: AbortSignal,
): Promise<readonly ScriptRan[]> {
  const all: ScriptRan[] = []
  for (const script of await scriptsIn(run, os, place, signal)) {
    const ran = await runScript(run, os, place, script, 'freeze', signal).catch((error: unknown) => {
      throw all.length > 0 ? new AfterScripts(error) : error
    })
    all.push(ran)
    if (!ran.succeeded) break
  }
  return all
}

/** Runs them all, whichever fail: what was frozen must not stay so for the sake of another. */
export async function runPostThaw(
  run: RunInGuest,
  os: GuestOs,
  place: ScriptPlace,
  reason: ThawReason,
  signal: AbortSignal,
): Promise<readonly ScriptRan[]> {
  const all: ScriptRan[] = []
  for (const script of await scriptsIn(run, os, place, signal)) all.push(await runScript(run, os, place, script, reason, signal))
  return all
}

/** Those that are there, in the order in which they run; scripts are optional. */
async function scriptsIn(run: RunInGuest, os: GuestOs, place: ScriptPlace, signal: AbortSignal): Promise<readonly string[]> {
  const listed = await run({ argv: lister(os, place), ...LOOKING }, signal)
  const { end, stdout, cut } = listed
  if (end.kind !== 'exited' || cut) throw new ScriptsUnknown(place.path, saidBy(listed) || howEnded(end))
  if (end.exitCode === 1) return []
  if (end.exitCode !== 0) throw new ScriptsUnknown(place.path, saidBy(listed))
  if (place.kind === 'file') return [place.path]
  const separator = os === 'windows' ? '\\' : '/'
  const names = stdout
    .toString('utf8')
    .split(os === 'windows' ? /\r?\n/ : '\0')
    .filter((name) => name !== '' && !place.ignored.some((ending) => name.endsWith(ending)))
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return (place.order === 'ascending' ? names : names.toReversed()).map((name) => `${place.path}${separator}${name}`)
}

/** The channel failed at a script that was not the first one: what its `cause` says of that one does not hold for all. */
export class AfterScripts extends Error {
  constructor(cause: unknown) {
    super('after scripts that had run', { cause })
    this.name = 'AfterScripts'
  }
}

/** It cannot be told which scripts there are. */
export class ScriptsUnknown extends Error {
  constructor(path: string, said: string) {
    super(`cannot look for scripts at ${path}${said === '' ? '' : `: ${said}`}`)
    this.name = 'ScriptsUnknown'
  }
}

/** Names the files there that may be run, without folders; exits with 1 where there are none. */
function lister(os: GuestOs, { kind, path }: ScriptPlace): [string, ...string[]] {
  if (os === 'windows') return ['cmd.exe', '/c', 'dir', '/b', '/a-d', path]
  return kind === 'file' ? ['test', '-f', path] : ['/bin/sh', '-c', NAME_SCRIPTS, 'sh', path]
}

const NAME_SCRIPTS = `cd "$1" 2>/dev/null || exit 1
for file in *; do [ -f "$file" ] && [ -x "$file" ] && printf '%s\\0' "$file"; done
exit 0`

async function runScript(
  run: RunInGuest,
  os: GuestOs,
  place: ScriptPlace,
  script: string,
  happens: 'freeze' | ThawReason,
  signal: AbortSignal,
): Promise<ScriptRan> {
  const { succeedsWith, deadlineMs, maxOutputBytes } = place
  const told = place.kind === 'folder' ? [place.told[happens]] : []
  const ran = await run({ argv: starting(os, place, [script, ...told], happens), deadlineMs, maxOutputBytes }, signal)
  const { end } = ran
  return {
    script,
    succeeded: end.kind === 'exited' && succeedsWith.includes(end.exitCode),
    how: end.kind === 'overdue' ? `was ended when it had not ended within ${deadlineMs / 1000} s` : howEnded(end),
    ...(end.kind === 'exited' ? { exitCode: end.exitCode } : {}),
    said: saidBy(ran),
  }
}

function starting(
  os: GuestOs,
  place: ScriptPlace,
  script: [string, ...string[]],
  happens: 'freeze' | ThawReason,
): [string, ...string[]] {
  if (os === 'windows') return ['cmd.exe', '/c', ...script]
  return happens === 'freeze' ? marked(place, script) : script
}

const MAX_SAID = 400

const saidBy = ({ stdout, stderr }: Ran): string => (stderr.length > 0 ? stderr : stdout).toString('utf8').trim().slice(-MAX_SAID)
