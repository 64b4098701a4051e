// Who owns a run, and whether that process still lives. It looks at processes of this host only.
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** This process as `host:pid:start`; `start` (clock ticks since boot, 0 where the system does not tell) sees through a reused pid. */
export const processOwner = (): string => `${hostname()}:${process.pid}:${startOf(process.pid) ?? 0}`

/**
 * False only when that process is known to be gone. An owner on another host counts as alive: SQLite's write-ahead log works within
 * one host, so this is a moved or copied state folder, and only the operator can tell.
 */
export function ownerLives(owner: string): boolean {
  const [, host, pid, start] = /^(.*):(\d+):(\d+)$/.exec(owner) ?? []
  if (host !== hostname()) return true
  const startNow = startOf(Number(pid))
  if (startNow !== undefined) return start === '0' || startNow === start
  return process.platform !== 'linux' && answersSignals(Number(pid))
}

/** Field 22 of /proc/<pid>/stat, see proc(5); counted after the last `)` since a program's name may hold anything. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
