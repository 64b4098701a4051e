// The measuring guest with a network card that reaches only this machine, so that one and the same guest is reached by its agent and by SSH.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask, bootGuest, makeDisks } from '../../../src/platforms/qemu/measuring/boot.ts'
import { runInGuest } from '../../../src/platforms/qemu/measuring/in-guest.ts'
import type { SshHost } from '../../../src/ssh/index.ts'
import { Secret } from '../../../src/values/index.ts'

export interface ReachableGuest extends AsyncDisposable {
  readonly agentSocket: string
  readonly ssh: SshHost
  /** From then on its writer writes to both of its disks. */
  startWriter(): Promise<void>
}

export async function startReachableGuest(): Promise<ReachableGuest> {
  const folder = mkdtempSync(join(tmpdir(), 'hf-guest-'))
  const key = join(folder, 'key')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', key])
  await makeDisks(folder)
  const guest = await bootGuest(folder, { writes: false })
  const network = { type: 'user', id: 'net0', restrict: true, hostfwd: [{ str: 'tcp:127.0.0.1:0-:22' }] }
  await ask(guest.monitorPath, 'netdev_add', network)
  await ask(guest.monitorPath, 'device_add', { driver: 'virtio-net-pci', netdev: 'net0', id: 'nic0' })
  const hostKey = await runInGuest(guest, '/usr/bin/listen', [readFileSync(`${key}.pub`, 'utf8').trim()])
  const forwarded = String(await ask(guest.monitorPath, 'human-monitor-command', { 'command-line': 'info usernet' }))
  const port = Number(/HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)/.exec(forwarded)?.[1])
  const login = { kind: 'key', privateKey: new Secret(readFileSync(key, 'utf8')) } as const
  return {
    agentSocket: guest.agentPath,
    ssh: { host: '127.0.0.1', port, user: 'root', hostKey: hostKey.trim(), login },
    startWriter: async () => {
      await runInGuest(guest, '/bin/sh', ['-c', 'writer >/dev/null 2>&1 </dev/null &'])
    },
    [Symbol.asyncDispose]: async () => {
      await guest[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
