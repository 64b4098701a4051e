// One VM of a real libvirt, backed up by Holdfast and by virtnbdbackup in turn: neither breaks the other's chain, and both restore the same disks.
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { peer } from '../../peers/peer.ts'
import { leftIn } from './desk.ts'
import { backedUpInTime, hasLibvirt, type Libvirt, startLibvirt } from './libvirt.ts'
import { type LibvirtDesk, openLibvirtDesk } from './libvirt-desk.ts'
import { DISKS, type DiskName } from './machine.ts'

const hasPeers = [peer('virtnbdbackup', 'virtnbdbackup'), peer('virtnbdrestore', 'virtnbdbackup'), hasLibvirt].every(Boolean)
const run = promisify(execFile)

describe.runIf(hasPeers)('a VM that virtnbdbackup backs up too', () => {
  test('P4, P8: neither breaks the chain of the other, and both restore what is on the disks', { timeout: 900_000 }, async () => {
    await using opened = new AsyncDisposableStack()
    const folder = mkdtempSync(join(tmpdir(), 'hf-vn-'))
    opened.defer(() => rmSync(folder, { recursive: true, force: true }))
    const libvirt = opened.use(await startLibvirt(folder))
    const desk = opened.use(await openLibvirtDesk(libvirt, 23, 'shared'))
    const theirs = await openVirtnbdbackup(libvirt, desk)
    const levels: unknown[] = []
    let pointId = ''
    const backUp = async () => {
      const point = await backedUpInTime(desk, 'quiesce=false')
      levels.push(point.level)
      pointId = String(point.pointId)
    }

    await desk.machine.write()
    await backUp()
    await desk.machine.write()
    await theirs.backUp('full')
    // Each of them has missed what the other one copied.
    await desk.machine.write()
    await backUp()
    await desk.machine.write()
    await theirs.backUp('inc')
    await desk.machine.write()
    await backUp()
    await theirs.backUp('inc')
    expect(levels).toEqual(['full', 'incremental', 'incremental'])
    expect(await leftIn(desk)).toEqual([])

    const ours = join(desk.folder, 'ours')
    const restored = await desk.command('vault', 'restore', 'vault', pointId, '--to', ours)
    expect(restored.exitCode, restored.stderr).toBe(0)
    const others = await theirs.restore()
    await using disks = await openDisks(desk)
    for (const disk of DISKS) {
      const file = join(ours, `ua-${disk}.raw`)
      expect(await differs(file, others[disk]), `${disk}: what either restored`).toBe(false)
      expect(await differs(file, disks.url(disk)), `${disk}: what we restored, and the disk`).toBe(false)
      const spoilt = join(desk.folder, 'spoilt.raw')
      await spoil(file, spoilt)
      expect(await differs(spoilt, others[disk]), `${disk}: one byte`).toBe(true)
      expect(await differs(spoilt, disks.url(disk)), `${disk}: one byte`).toBe(true)
    }
  })
})

async function openVirtnbdbackup(libvirt: Libvirt, desk: LibvirtDesk) {
  const [chain, out, scratch] = [join(desk.folder, 'theirs'), join(desk.folder, 'theirs-restored'), join(desk.folder, 'vm')]
  const place = ['-U', libvirt.uri]
  // What restores would log in the home of who runs it.
  const options = { env: { ...process.env, HOME: desk.folder } }
  return {
    backUp: async (level: 'full' | 'inc'): Promise<void> => {
      const socket = join(scratch, 'theirs.sock')
      const what = ['-d', desk.domain, '-l', level, '-o', chain, '-S', scratch, '-f', socket]
      await run('virtnbdbackup', [...place, ...what, '--noprogress'], options)
    },
    restore: async (): Promise<Readonly<Record<DiskName, string>>> => {
      mkdirSync(out)
      await run('virtnbdrestore', [...place, '-i', chain, '-o', out, '-f', join(out, 'socket'), '--noprogress'], options)
      return Object.fromEntries(DISKS.map((disk) => [disk, join(out, `${disk}.qcow2`)])) as Record<DiskName, string>
    },
  }
}

/** The disks themselves, as QEMU has them now, served by itself. Nobody writes to them meanwhile. */
async function openDisks({ machine, folder }: LibvirtDesk) {
  const path = join(folder, 'vm', 'judge.sock')
  await machine.ask('stop')
  await machine.ask('nbd-server-start', { addr: { type: 'unix', data: { path } } })
  const blocks = (await machine.ask('query-block')) as readonly { qdev: string; inserted: { 'node-name': string } }[]
  for (const disk of DISKS) {
    const node = blocks.find(({ qdev }) => qdev.includes(`ua-${disk}`))?.inserted['node-name'] ?? disk
    await machine.ask('block-export-add', { type: 'nbd', id: `judge-${disk}`, 'node-name': node, name: disk })
  }
  return {
    url: (disk: DiskName) => `nbd+unix:///${disk}?socket=${path}`,
    [Symbol.asyncDispose]: async () => {
      await machine.ask('nbd-server-stop')
      await machine.ask('cont')
    },
  }
}

async function differs(raw: string, other: string): Promise<boolean> {
  const format = other.endsWith('.qcow2') ? 'qcow2' : 'raw'
  try {
    await run('qemu-img', ['compare', '-f', 'raw', '-F', format, raw, other])
    return false
  } catch (error) {
    // More than that is a comparison that failed.
    if ((error as { code?: unknown }).code === 1) return true
    throw error
  }
}

async function spoil(file: string, copy: string): Promise<void> {
  copyFileSync(file, copy)
  await using spoilt = await open(copy, 'r+')
  const byte = Buffer.alloc(1)
  await spoilt.read(byte, 0, 1, 4242)
  await spoilt.write(Buffer.from([byte.readUInt8() ^ 1]), 0, 1, 4242)
}
