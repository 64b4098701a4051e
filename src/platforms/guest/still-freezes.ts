// Pre-freeze scripts that run on in a guest though nobody waits for them any more: started so that they can be found again, found, and
// ended once their time is up. On Linux alone: elsewhere nothing tells.
import { KILL_TREE } from '../../ssh/index.ts'
import type { ScriptPlace } from './layouts.ts'
import { howEnded, LOOKING, type RunInGuest } from './programs.ts'

/**
 * The script with a mark in its environment that holds its own process id: what it leaves behind, as a hook leaves a client that holds a
 * lock, inherits the mark and has another id. It takes the shell's place, so that its exit code and signals are its own. The second
 * shell is there for scripts without `#!`, which some shells run themselves instead of starting anything with that environment.
 */
export const marked = ({ path }: ScriptPlace, script: readonly string[]): [string, ...string[]] => [
  ...(['/bin/sh', '-c', MARK, 'sh'] as const),
  path,
  ...script,
]

export const MARK = `export HOLDFAST_FREEZES="$1 $$"
shift
exec /bin/sh -c 'exec "$@"' sh "$@"`

/**
 * Says, for people, that a pre-freeze script runs, or that nobody can tell; undefined where none does. One that has had its time is ended,
 * as whoever started it would have done.
 */
export async function stillFreezes(
  run: RunInGuest,
  { path, deadlineMs }: ScriptPlace,
  signal: AbortSignal,
): Promise<string | undefined> {
  const argv = ['/bin/sh', '-c', NAME_MARKED, 'sh', path, String(deadlineMs / 1000), KILL_TREE] as const
  const { end, stdout } = await run({ argv, ...LOOKING }, signal)
  if (end.kind === 'notStarted') return undefined
  if (end.kind !== 'exited') return `nobody can tell whether a pre-freeze script still runs: looking for it ${howEnded(end)}`
  const processes = stdout.toString('latin1').trim().split(/\s+/).join(', ')
  return processes === '' ? undefined : `a pre-freeze script still runs in the guest: process ${processes}`
}

/**
 * Behind the last `)` of a process's line stand its state as the first, and as the 20th when it began: in hundredths of a second since the
 * system did, as `/proc/uptime` counts. (proc(5))
 */
export const NAME_MARKED = `exec 2>/dev/null
path=$1 deadline=$2 kill=$3
cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -F "HOLDFAST_FREEZES=$path " | sort -u | while read -r mark; do
  pid=\${mark##* }
  tr '\\0' '\\n' < "/proc/$pid/environ" | grep -qxF "HOLDFAST_FREEZES=$path $pid" || continue
  echo "$pid"
  read -r up rest < /proc/uptime && read -r line < "/proc/$pid/stat" || continue
  set -- \${line##*') '}
  [ $((\${up%.*} - \${20} / 100)) -lt "$deadline" ] || /bin/sh -c "$kill" sh "$pid"
done
exit 0`
