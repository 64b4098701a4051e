// An iSCSI target of the test's own: Debian's tgtd, which needs no rights where it is told where its control socket is; root starts it as nobody.
// Initiators reach it through this process, so that it can end in the middle of what they read, and come back at the same address.
import { type ChildProcess, execFile } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import net, { type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { JsonObject } from '../../../src/values/index.ts'
import { blockDriver, peer } from '../../peers/peer.ts'
import { spawnWatched } from '../../peers/watched.ts'

export const hasIscsi = [
  peer('tgtd', 'tgt'),
  peer('tgtadm', 'tgt'),
  peer('qemu-system-x86_64', 'qemu-system-x86'),
  peer('qemu-nbd', 'qemu-utils'),
  peer('setpriv', 'util-linux'),
  blockDriver('iscsi', 'qemu-block-extra'),
].every(Boolean)

export interface IscsiTarget extends AsyncDisposable {
  /** What holds the bytes of a LUN. */
  file(name: string): string
  /** The LUN, as QEMU's block driver takes it. Where the target does not answer, what is asked of it waits. */
  node(name: string): JsonObject
  /** The same, as its programs do. */
  url(name: string): string
  /** Ends when initiators have read so many bytes from now on; resolves when it has ended. */
  endAfterReading(bytes: number): Promise<void>
  /** With the same LUNs. */
  start(): Promise<void>
}

const IQN = 'iqn.2026-11.org.example:luns'
const POLL_MS = 20
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
const asNobody = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
const run = promisify(execFile)

/** In a folder whose path is short. `luns`: their sizes in bytes. */
export async function startTarget(folder: string, luns: Readonly<Record<string, number>>): Promise<IscsiTarget> {
  mkdirSync(folder, { mode: 0o700 })
  const names = Object.keys(luns)
  const file = (name: string): string => join(folder, `${name}.lun`)
  for (const [name, sizeBytes] of Object.entries(luns)) {
    writeFileSync(file(name), '', { mode: 0o600 })
    truncateSync(file(name), sizeBytes)
  }
  if (isRoot) for (const path of [folder, ...names.map(file)]) chownSync(path, NOBODY, NOBODY)
  const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, TGT_IPC_SOCKET: join(folder, 'control') }
  const tell = async (...args: readonly string[]): Promise<string> =>
    (await run('tgtadm', ['--lld', 'iscsi', '-C', '0', ...args], { ...asNobody, env })).stdout

  async function startTgtd(): Promise<Running> {
    rmSync(join(folder, 'control.0'), { force: true })
    const options = ['--foreground', '--control-port', '0', '--iscsi', 'portal=127.0.0.1:0']
    const child = spawnWatched('tgtd', options, { ...asNobody, env, cwd: folder, stdio: 'ignore' })
    let port: string | undefined
    while (port === undefined) {
      if (child.exitCode !== null) throw new Error(`tgtd ended with ${child.exitCode}`)
      const portals = await tell('--mode', 'portal', '--op', 'show').catch(() => '')
      port = /127\.0\.0\.1:(\d+)/.exec(portals)?.[1]
      if (port === undefined) await sleep(POLL_MS)
    }
    await tell('--mode', 'target', '--op', 'new', '--tid', '1', '--targetname', IQN)
    for (const [index, name] of names.entries())
      await tell('--mode', 'logicalunit', '--op', 'new', '--tid', '1', '--lun', String(index + 1), '-b', file(name))
    await tell('--mode', 'target', '--op', 'bind', '--tid', '1', '--initiator-address', 'ALL')
    return { child, port: Number(port) }
  }

  let running: Running | undefined = await startTgtd()
  const end = async (): Promise<void> => {
    if (running) await ended(running.child)
    running = undefined
  }
  let onRead = (_bytes: number): void => {}
  const way = await openWay(
    () => running?.port,
    (bytes) => onRead(bytes),
  )
  const lunOf = (name: string): number => names.indexOf(name) + 1
  return {
    file,
    node: (name) => ({ driver: 'iscsi', transport: 'tcp', portal: `127.0.0.1:${way.port}`, target: IQN, lun: lunOf(name) }),
    url: (name) => `iscsi://127.0.0.1:${way.port}/${IQN}/${lunOf(name)}`,
    endAfterReading: (bytes) => {
      let left = bytes
      return new Promise((resolve, reject) => {
        onRead = (read) => {
          left -= read
          if (left > 0) return
          onRead = () => {}
          end().then(resolve, reject)
        }
      })
    },
    start: async () => {
      running ??= await startTgtd()
    },
    [Symbol.asyncDispose]: async () => {
      await end()
      way[Symbol.dispose]()
    },
  }
}

interface Running {
  readonly child: ChildProcess
  readonly port: number
}

async function ended(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** A port of this process, from which it is on to the target; where there is none, callers are turned away. */
async function openWay(
  target: () => number | undefined,
  onRead: (bytes: number) => void,
): Promise<Disposable & { readonly port: number }> {
  const sockets = new Set<Socket>()
  const server = net.createServer((near) => {
    const port = target()
    if (port === undefined) return void near.destroy()
    const far = net.connect(port, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket
        .on('error', () => {})
        .on('close', () => {
          for (const each of [near, far]) sockets.delete(each.destroy())
        })
    }
    far.on('data', ({ length }: Buffer) => onRead(length))
    near.pipe(far)
    far.pipe(near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.dispose]: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
