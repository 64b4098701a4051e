// The true qemu-ga as a process of this machine, on a socket of its own. It may freeze nothing: here that would be the machine's own root.
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnWatched } from '../../peers/watched.ts'

export interface RealAgent extends AsyncDisposable {
  readonly socket: string
  readonly folder: string
}

const FORBIDDEN = [
  ...['guest-fsfreeze-freeze', 'guest-fsfreeze-freeze-list', 'guest-fsfreeze-thaw', 'guest-fstrim', 'guest-shutdown'],
  ...['guest-suspend-disk', 'guest-suspend-ram', 'guest-suspend-hybrid', 'guest-set-time', 'guest-set-user-password'],
]

export async function startRealAgent(): Promise<RealAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-qga-'))
  const socket = join(folder, 'agent.sock')
  const child = spawnWatched(
    'qemu-ga',
    ['-m', 'unix-listen', '-p', socket, '-t', folder, '-f', join(folder, 'pid'), '-b', FORBIDDEN.join(',')],
    { stdio: 'ignore' },
  )
  const exited = once(child, 'exit')
  while (!existsSync(socket)) {
    if (child.exitCode !== null) throw new Error(`qemu-ga ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return {
    socket,
    folder,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
