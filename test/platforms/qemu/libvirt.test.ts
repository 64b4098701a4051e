// The QEMU pack through a real libvirt: backups of its VMs, and what else happens to them there. No guest system is in them.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { guest } from '../../../src/platforms/guest/index.ts'
import { qemu } from '../../../src/platforms/qemu/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { type Ended, startHoldfast } from '../../acceptance/holdfast.ts'
import { callAction, failureOf } from '../calls.ts'
import { checkpointsOf, leftIn } from './desk.ts'
import { backedUpInTime, hasLibvirt, type Libvirt, startLibvirt } from './libvirt.ts'
import { type LibvirtDesk, openLibvirtDesk } from './libvirt-desk.ts'
import type { Writing } from './machine.ts'

const MINUTES = { timeout: 900_000 }

describe.runIf(hasLibvirt)('a VM of a real libvirt', () => {
  const opened = new AsyncDisposableStack()
  let libvirt: Libvirt

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hf-lv-'))
    opened.defer(() => rmSync(folder, { recursive: true, force: true }))
    libvirt = opened.use(await startLibvirt(folder))
  }, MINUTES.timeout)
  afterAll(() => opened.disposeAsync(), MINUTES.timeout)
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  test(
    'P4, P8: is backed up full and incremental by whatever name, full again where bitmaps were carried into an overlay, and nothing is left',
    MINUTES,
    async () => {
      await using desk = await openLibvirtDesk(libvirt, 7, `-c 'erp db'; "$(id)"`)
      const backup = async (): Promise<unknown> => {
        await desk.machine.write()
        const { level, pointId } = await backedUpInTime(desk, 'quiesce=false')
        expect(desk.machine.momentOf(await desk.restored(String(pointId)))).toBe(desk.machine.writes.length)
        expect(await leftIn(desk)).toEqual([])
        return level
      }
      expect(await backup()).toBe('full')
      expect(await backup()).toBe('incremental')
      // Between checkpoint and overlay: the bitmap that the overlay has does not know of it.
      await desk.machine.write()
      await libvirt.virsh('snapshot-create-as', `--domain=${desk.domain}`, '--name=before-update', '--disk-only', '--no-metadata')
      expect(await backup()).toBe('full')
      for (const target of ['vda', 'vdb'])
        await libvirt.virsh('blockcommit', `--domain=${desk.domain}`, target, '--active', '--pivot')
      expect(await backup()).toBe('incremental')
      expect(await checkpointsOf(desk)).toHaveLength(1)
    },
  )

  test('P2: whose libvirt restarts during the backup is let go of all the same, and backed up', MINUTES, async () => {
    await using desk = await openLibvirtDesk(libvirt, 13, 'restarted')
    const { stdout } = await backedUpWhile(desk, 'qemu/export.create', () => libvirt.restart())
    await isWhole(desk, stdout)
  })

  test(
    'P2: that is switched off during the backup owes what was made, and reap lets it go when it is back',
    MINUTES,
    async () => {
      await using desk = await openLibvirtDesk(libvirt, 17, 'switched-off')
      const { stdout, exitCode } = await backedUpWhile(desk, 'qemu/scratch.create', () => libvirt.virsh('destroy', desk.domain))
      expect(exitCode).not.toBe(0)
      await desk.start()
      await isWhole(desk, stdout)
    },
  )

  test('P2: is swept with all that run and fit the domain of its target, and no others', MINUTES, async () => {
    const slot = (folder: string): JsonObject => ({ domain: 'swept-{vm}', scratchDirectory: join(folder, '{vm}') })
    await using desk = await openLibvirtDesk(libvirt, 23, 'swept-vm', slot)
    await using other = await openLibvirtDesk(libvirt, 29, 'swept-other')
    await using elsewhere = await openLibvirtDesk(libvirt, 31, 'elsewhere')
    mkdirSync(join(desk.folder, 'other'))
    await backedUpInTime(desk, 'vm=vm', 'quiesce=false')
    const lost = 'holdfast-260101-120000-abcdef'
    for (const { machine } of [other, elsewhere])
      await machine.ask('block-dirty-bitmap-add', { node: await firstNode(machine), name: lost })
    const swept = async () => {
      const { stdout } = await desk.command('sweep', 'hypervisor', '--format', 'json')
      const { found, unread } = JSON.parse(stdout) as {
        readonly found: readonly { readonly verdict: string; readonly identity: { readonly name: string } }[]
        readonly unread: readonly unknown[]
      }
      expect(unread).toEqual([])
      return found.map(({ verdict, identity }) => `${verdict}${identity.name === lost ? ', lost' : ''}`).toSorted()
    }
    expect(await swept()).toEqual(['foreign, lost', 'kept'])
    await libvirt.virsh('destroy', other.domain)
    expect(await swept()).toEqual(['kept'])
    await libvirt.virsh('destroy', desk.domain)
    const { stdout } = await desk.command('sweep', 'hypervisor', '--format', 'json')
    expect(stdout, 'a target of which no VM runs is told').toContain('no VM is at swept-{vm}')
  })

  test('is told to be off, unknown or without its agent in the words of libvirt', MINUTES, async () => {
    await using desk = await openLibvirtDesk(libvirt, 19, 'amiss')
    const get = (settings: JsonObject = {}) => failureOf(call(desk, 'qemu/vm.get', 'hypervisor', settings))
    expect(await failureOf(call(desk, 'guest/filesystems.freeze', 'machine'))).toMatchObject({
      type: 'unreachable',
      message: expect.stringContaining('QEMU guest agent is not connected'),
      applied: 'no',
    })
    await libvirt.virsh('destroy', desk.domain)
    expect(await get()).toMatchObject({
      type: 'unreachable',
      message: expect.stringContaining('domain is not running'),
      retryable: false,
      applied: 'no',
    })
    await libvirt.virsh('undefine', desk.domain)
    expect(await get()).toMatchObject({ message: expect.stringContaining("failed to get domain 'amiss'"), retryable: false })
    expect(await get({ domain: '1' })).toMatchObject({ message: expect.stringContaining('by its UUID'), retryable: false })
    expect(await get({ libvirt: `qemu+unix:///session?socket=${desk.folder}/nothing` })).toMatchObject({
      type: 'unreachable',
      message: expect.stringContaining('Failed to connect socket'),
      retryable: true,
    })
    vi.stubEnv('PATH', '/nowhere')
    expect(await get({ libvirt: 'qemu:///none' })).toMatchObject({
      type: 'unreachable',
      message: expect.stringContaining('libvirt-clients'),
      retryable: false,
    })
  })

  const call = (desk: LibvirtDesk, action: string, role: string, changed: JsonObject = {}): Promise<JsonObject> => {
    const settings = { channel: 'libvirt', libvirt: libvirt.uri, domain: desk.domain, scratchDirectory: join(desk.folder, 'vm') }
    return callAction(
      { ...qemu.handlers, ...guest.handlers },
      action,
      { [role]: { $target: role, connection: 'any/Thing' }, vm: 'vm-1' },
      { connection: ({ $target }) => ({ target: $target, type: 'any/Thing', settings: { ...settings, ...changed } }) },
    )
  }
})

async function firstNode({ ask }: Writing): Promise<string> {
  const [block] = (await ask('query-block')) as readonly { readonly inserted?: JsonObject }[]
  return String(block?.inserted?.['node-name'])
}

/** Starts a backup in a process of its own; `meanwhile` is done from the start of that action on, and has ended when this resolves. */
async function backedUpWhile(desk: LibvirtDesk, action: string, meanwhile: () => Promise<unknown>): Promise<Ended> {
  await desk.machine.write()
  const where = { cwd: desk.folder, env: desk.env }
  const { child, ended } = startHoldfast(where, 'run', 'qemu/vm-backup', '-i', 'quiesce=false', '--format', 'json')
  let done: Promise<unknown> | undefined
  child.stdout?.on('data', (chunk: Buffer) => {
    if (chunk.toString().includes(action)) done ??= meanwhile()
  })
  const result = await ended
  if (!done) {
    expect(result.stdout, 'it came not so far, and not for want of time').toContain('"timedOut"')
    return await backedUpWhile(desk, action, meanwhile)
  }
  await done
  return result
}

/** After what is owed was let go: nothing is left, and the next point is right. */
async function isWhole(desk: LibvirtDesk, told: string): Promise<void> {
  const { exitCode: reaped, stdout } = await desk.command('reap')
  expect(reaped, told + stdout).toBe(0)
  expect(await leftIn(desk)).toEqual([])
  expect(await desk.machine.ask('query-status')).toMatchObject({ status: 'running' })
  const { pointId } = await backedUpInTime(desk, 'quiesce=false')
  expect(desk.machine.momentOf(await desk.restored(String(pointId)))).toBe(desk.machine.writes.length)
}
