// Programs that end with the tests that started them, however those end: also a test run that is killed leaves no QEMU, sshd or agent behind.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'

/** The kernel kills it when this process is gone (prctl(2), PR_SET_PDEATHSIG), provided that setpriv of util-linux is there. */
export function spawnWatched(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], options)
}
