// The vault: backup, incremental, restore and verify beside restic, borg, and qemu-img with compressed images.
// Peers must leave what they wrote on the disk, as the vault does: qemu-img caches as `writeback`, which flushes at the end.
import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DiskAddress } from '../../src/blocks/index.ts'
import { nbdkit } from '../../test/peers/nbd-peers.ts'
import type { Contestant, Ground, Peer, Row } from './contest.ts'
import { changeImage, createImage } from './image.ts'
import { isInstalled, type Measured, timeProgram, timeScript } from './measure.ts'

const MIB = 2 ** 20
/** The goal for any disk size. */
const MOST_MEMORY_BYTES = 300 * MIB
/** Of the pages of the disk, a guest wrote so many at random places, and so many in one run. */
const CHANGED_SHARE = 0.01
const PAGE_BYTES = 4096
const CHUNK_BYTES = MIB

const memory = {
  name: 'peak memory',
  of: ({ peakBytes }: Measured) => peakBytes,
  atMost: MOST_MEMORY_BYTES,
  unit: 'bytes',
} as const
const figure = ({ figures }: Measured, name: string): number => figures?.[name] ?? Number.NaN

export const vaultGround: Ground = async (folder, sizeBytes, scripts) => {
  const script = join(scripts, 'use-vault.js')
  const at = (name: string): string => join(folder, name)
  const remove = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) await rm(at(name), { recursive: true, force: true })
  }
  await createImage(at('disk.raw'), sizeBytes)
  const disk = nbdkit('-r', 'file', at('disk.raw'))
  const address = JSON.stringify({ kind: 'nbd-unix', path: disk.path, exportName: '' } satisfies DiskAddress)
  const hasBorg = isInstalled('borg')
  const missing = hasBorg ? [] : ['borg']
  const withBorg = (peer: Peer): readonly Peer[] => (hasBorg ? [peer] : [])

  const ours = (work: string, vault: string, ...args: readonly string[]) => timeScript(script, work, at(vault), ...args)
  const restic = (repository: string, ...args: readonly string[]) =>
    timeProgram('restic', ['--no-cache', '-q', '-r', at(repository), ...args], { ...process.env, RESTIC_PASSWORD: 'bench' })
  const borg = (...args: readonly string[]) =>
    timeProgram('borg', ['--error', ...args], {
      ...process.env,
      BORG_PASSPHRASE: 'bench',
      BORG_BASE_DIR: at('borg-home'),
      BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
    })
  const convert = (...args: readonly string[]) => timeProgram('qemu-img', ['convert', '-W', '-t', 'writeback', ...args])

  const fullBackup = async (): Promise<Measured> => {
    await remove('vault')
    return ours('full', 'vault', address)
  }
  const resticBackup = async (): Promise<Measured> => {
    await remove('restic')
    await restic('restic', 'init')
    return restic('restic', 'backup', at('disk.raw'))
  }
  const borgBackup = async (): Promise<Measured> => {
    await remove('borg', 'borg-home')
    await borg('init', '-e', 'repokey', at('borg'))
    const cut = ['--chunker-params=fixed,1048576', '-C', 'zstd,1']
    return borg('create', ...cut, `${at('borg')}::full`, at('disk.raw'))
  }
  const qemuBackup = async (): Promise<Measured> => {
    await remove('disk.qcow2')
    return convert('-c', '-O', 'qcow2', '-o', 'compression_type=zstd', at('disk.raw'), at('disk.qcow2'))
  }
  const unlessThere = async (name: string, make: () => Promise<unknown>): Promise<void> => {
    if (!existsSync(at(name))) await make()
  }
  const setup = async (): Promise<void> => {
    await unlessThere('vault', fullBackup)
    await unlessThere('restic', resticBackup)
    await unlessThere('disk.qcow2', qemuBackup)
    if (hasBorg) await unlessThere('borg', borgBackup)
  }
  const restoring = (name: string, target: string, run: () => Promise<Measured>): Contestant => ({
    name,
    run: async () => {
      await remove(target)
      return run()
    },
  })

  let changedBytes = 0
  const changePages = Math.round((sizeBytes / PAGE_BYTES) * CHANGED_SHARE)
  async function change(pages: number, runBytes: number): Promise<void> {
    const map = await changeImage(at('disk.raw'), sizeBytes, pages, runBytes)
    const chunks = new Set<number>()
    for (const { offsetBytes, lengthBytes, kind } of map) {
      if (kind !== 'data') continue
      for (let chunk = Math.floor(offsetBytes / CHUNK_BYTES); chunk * CHUNK_BYTES < offsetBytes + lengthBytes; chunk += 1)
        chunks.add(chunk)
    }
    changedBytes = chunks.size * CHUNK_BYTES
    await writeFile(at('map.json'), JSON.stringify(map))
  }

  const incremental = (title: string, pages: number): Row => ({
    title,
    setup,
    prepare: () => change(pages, pages * PAGE_BYTES),
    ours: {
      name: 'holdfast',
      run: async () => {
        const measured = await ours('incremental', 'vault', address, at('map.json'))
        return { ...measured, figures: { readOfChanged: figure(measured, 'bytesRead') / changedBytes } }
      },
    },
    peers: [{ name: 'restic backup (reads all)', run: () => restic('restic', 'backup', at('disk.raw')) }],
    bounds: [{ name: 'bytes read of changed chunks', of: (measured) => figure(measured, 'readOfChanged'), atMost: 1.05 }, memory],
  })

  const rows: Row[] = [
    {
      title: 'full backup, NBD → encrypted vault',
      ours: { name: 'holdfast', run: fullBackup },
      peers: [
        { name: 'restic backup', goal: 2.5, run: resticBackup },
        ...withBorg({ name: 'borg create, encrypted', goal: 2.3, run: borgBackup }),
        { name: 'qemu-img convert -c, zstd', goal: 1.2, run: qemuBackup },
      ],
      bounds: [memory],
      missing,
    },
    {
      title: 'full backup of a second identical VM',
      setup,
      ours: { name: 'holdfast', run: () => ours('full', 'vault', address) },
      peers: [{ name: 'restic backup --force', run: () => restic('restic', 'backup', '--force', at('disk.raw')) }],
      bounds: [{ name: 'bytes stored of the disk', of: (measured) => figure(measured, 'bytesStored') / sizeBytes, atMost: 0.01 }],
    },
    {
      title: 'restore to a raw file',
      setup,
      ours: restoring('holdfast', 'ours.raw', () => ours('restore', 'vault', at('ours.raw'))),
      peers: [
        {
          ...restoring('restic restore', 'restored', () => restic('restic', 'restore', 'latest', '--target', at('restored'))),
          goal: 1.2,
        },
        {
          ...restoring('qemu-img convert from compressed qcow2', 'theirs.raw', () =>
            convert('-O', 'raw', at('disk.qcow2'), at('theirs.raw')),
          ),
          goal: 0.8,
        },
      ],
      bounds: [memory],
    },
    {
      title: 'verify everything',
      setup,
      ours: { name: 'holdfast', run: () => ours('verify', 'vault') },
      peers: [
        { name: 'restic check --read-data', goal: 1.2, run: () => restic('vault', 'check', '--read-data') },
        ...withBorg({ name: 'borg check --verify-data', run: () => borg('check', '--verify-data', at('borg')) }),
      ],
      bounds: [memory],
      missing,
    },
    incremental('incremental, 1 % scattered in 4 KiB and 1 % in a run', changePages),
    incremental('incremental, 20 scattered writes of 4 KiB', 20),
  ]
  return { rows, [Symbol.asyncDispose]: async () => disk[Symbol.dispose]() }
}
