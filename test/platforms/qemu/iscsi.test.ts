// A VM whose disks are LUNs of a real iSCSI target: backed up, restored to a LUN, and what is left when the target goes away meanwhile.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openSource } from '../../../src/blocks/index.ts'
import { ActionFailure } from '../../../src/packs/index.ts'
import { qemu } from '../../../src/platforms/qemu/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { startHoldfast } from '../../acceptance/holdfast.ts'
import { spawnWatched } from '../../peers/watched.ts'
import { callAction, failureOf } from '../calls.ts'
import { bytesOf, checkpointsOf, leftIn } from './desk.ts'
import { hasIscsi, type IscsiTarget, startTarget } from './iscsi.ts'
import { DISK_BYTES, DISKS, type DiskName, type Machine, startMachine } from './machine.ts'
import { type Office, openOffice } from './office.ts'

const MINUTES = { timeout: 900_000 }

describe.runIf(hasIscsi)('a VM whose disks are LUNs of a real iSCSI target', () => {
  test('P4, P8: is backed up full and incremental, and restored to another LUN, byte by byte', MINUTES, async () => {
    await using desk = await openLunDesk(31)
    await desk.machine.write()
    const full = await backedUp(desk)
    await desk.machine.write()
    const { level, pointId } = await backedUp(desk)
    expect([full.level, level]).toEqual(['full', 'incremental'])
    expect(await leftIn(desk)).toEqual([])
    expect(desk.machine.momentOf(onLuns(desk.target))).toBe(desk.machine.writes.length)
    expect(bytesOf(await desk.restore(String(pointId)))).toEqual(onLuns(desk.target))

    const disk = desk.machine.writes.at(-1)?.disk ?? 'data0'
    await using served = await serve(desk.target.url('spare'), desk.folder)
    const to = `nbd+unix:///?socket=${served.path}`
    const restored = await desk.command('vault', 'restore', 'vault', String(pointId), '--disk', disk, '--to', to, '--overwrite')
    expect(restored.exitCode, restored.stderr).toBe(0)
    expect(differs(desk.target.file('spare'), desk.target.file(disk))).toBe(false)
    await desk.machine.fill(disk, 9)
    expect(differs(desk.target.file('spare'), desk.target.file(disk)), 'the comparison sees what was written since').toBe(true)
  })

  test('P4: is backed up though its target goes away in the middle of the copy, once that is back', MINUTES, async () => {
    await using desk = await openLunDesk(37)
    for (const disk of DISKS) await desk.machine.fill(disk, 7)
    const back = desk.target.endAfterReading(DISK_BYTES / 2).then(() => desk.target.start())
    const { pointId } = await backedUp(desk)
    await back
    expect(bytesOf(await desk.restore(String(pointId)))).toEqual(onLuns(desk.target))
    expect(await leftIn(desk)).toEqual([])
  })

  test('P2: whose backup is stopped because its target is gone has nothing left once that is back', MINUTES, async () => {
    await using desk = await openLunDesk(41)
    for (const disk of DISKS) await desk.machine.fill(disk, 7)
    const gone = desk.target.endAfterReading(DISK_BYTES / 2)
    const where = { cwd: desk.folder, env: desk.env }
    const { child, ended, says } = startHoldfast(where, 'run', 'qemu/vm-backup', '-i', 'quiesce=false', '--format', 'json')
    await gone
    child.kill('SIGINT')
    await says('"cancelling"')
    // Until it is back, QEMU may answer nobody: it waits for what it has asked of its disks.
    await desk.target.start()
    const { exitCode, stdout } = await ended
    expect(exitCode, stdout).not.toBe(0)
    const reaped = await desk.command('reap')
    expect(reaped.exitCode, stdout + reaped.stdout).toBe(0)
    expect(await leftIn(desk)).toEqual([])
    expect(await checkpointsOf(desk)).toEqual([])
    expect(await desk.machine.ask('query-status')).toMatchObject({ status: 'running' })
    const { pointId } = await backedUp(desk)
    expect(bytesOf(await desk.restore(String(pointId)))).toEqual(onLuns(desk.target))
  })

  test(
    'P2: that never comes back: what cannot be let go of says why, what can be is, and QEMU answers all the while',
    MINUTES,
    async () => {
      await using desk = await openLunDesk(43)
      const [name, disks] = ['holdfast-lost', [{ disk: 'data0' }]]
      await act(desk, 'checkpoint.create', { name, disks: ['data0'] })
      await act(desk, 'scratch.create', { name, disks: ['data0'] })
      await act(desk, 'snapshot.create', { name, disks })
      const { socket } = await act(desk, 'export.create', { name, disks })
      const over = new AbortController()
      const reader = await openSource({ kind: 'nbd-unix', path: String(socket), exportName: 'data0' }, { signal: over.signal })
      const gone = desk.target.endAfterReading(1)
      const reading = reader.read(0, Buffer.alloc(DISK_BYTES)).catch(() => {})
      await gone

      for (const _ of ['first', 'again'])
        expect(await failureOf(act(desk, 'export.delete', { name }))).toMatchObject({
          type: 'storageSilent',
          message: expect.stringContaining(`${name}.data0 stays until`),
          retryable: true,
        })
      await act(desk, 'checkpoint.delete', { name })
      expect(await checkpointsOf(desk)).toEqual([])
      expect(await desk.machine.ask('query-status')).toMatchObject({ status: 'running' })

      await desk.target.start()
      while (!(await act(desk, 'export.delete', { name }).then(() => true, isStorageSilent)));
      for (const action of ['snapshot.delete', 'scratch.delete']) await act(desk, action, { name })
      expect(await leftIn(desk)).toEqual([])
      over.abort()
      await reading
    },
  )
})

function isStorageSilent(error: unknown): false {
  if (error instanceof ActionFailure && error.failure.type === 'storageSilent') return false
  throw error
}

/** One action of the pack, by a clock that does not wait. */
function act({ machine, folder }: LunDesk, action: string, input: JsonObject): Promise<JsonObject> {
  let now = 0
  const sleep = async (durationMs: number): Promise<void> => {
    now += durationMs
    await setImmediate()
  }
  return callAction(
    qemu.handlers,
    `qemu/${action}`,
    { hypervisor: { $target: 'hypervisor', connection: 'qemu/Hypervisor' }, ...input },
    {
      clock: { now: () => now, sleep },
      connection: ({ $target }) => ({
        target: $target,
        type: 'qemu/Hypervisor',
        settings: { monitor: machine.monitorPath, scratchDirectory: join(folder, 'vm') },
      }),
    },
  )
}

async function backedUp(desk: LunDesk): Promise<JsonObject> {
  const { outputs, exitCode, printed } = await desk.run('qemu/vm-backup', 'quiesce=false')
  expect(exitCode, printed).toBe(0)
  return outputs
}

interface LunDesk extends AsyncDisposable, Office {
  readonly target: IscsiTarget
  readonly machine: Machine
}

async function openLunDesk(seed: number): Promise<LunDesk> {
  await using opened = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'hf-lun-'))
  opened.defer(() => rmSync(folder, { recursive: true, force: true }))
  // For who runs the target.
  chmodSync(folder, 0o711)
  const sizes = Object.fromEntries([...DISKS, 'spare'].map((name) => [name, DISK_BYTES]))
  const target = opened.use(await startTarget(join(folder, 'target'), sizes))
  const machine = opened.use(await startMachine(join(folder, 'vm'), seed, { format: 'raw', below: (disk) => target.node(disk) }))
  const office = await openOffice(folder, {
    hypervisor: { connection: 'qemu/Hypervisor', monitor: machine.monitorPath, scratchDirectory: join(folder, 'vm') },
    guest: { connection: 'guest/Machine', channel: 'none' },
  })
  const running = opened.move()
  return { ...office, target, machine, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** What the target keeps. */
const onLuns = (target: IscsiTarget): Readonly<Record<DiskName, Buffer>> =>
  Object.fromEntries(DISKS.map((disk) => [disk, readFileSync(target.file(disk))])) as Record<DiskName, Buffer>

/** Whether the judge, who is not ours, finds a difference. */
function differs(left: string, right: string): boolean {
  const { status } = spawnSync('qemu-img', ['compare', '-q', '-f', 'raw', '-F', 'raw', left, right], { stdio: 'inherit' })
  if (status !== 0 && status !== 1) throw new Error(`qemu-img compare ended with ${status}`)
  return status === 1
}

/** A LUN as an NBD export, as an operator makes it one. */
async function serve(url: string, folder: string): Promise<AsyncDisposable & { readonly path: string }> {
  const path = join(folder, 'lun.sock')
  const server = spawnWatched('qemu-nbd', ['--persistent', '--shared=8', '-f', 'raw', '-k', path, url], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(server, 'exit')
  while (!existsSync(path)) {
    if (server.exitCode !== null) throw new Error(`qemu-nbd ended with ${server.exitCode}`)
    await sleep(20)
  }
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      server.kill('SIGTERM')
      await exited
    },
  }
}
