// The vault: backup, restore and verify beside restic, and qemu-img with compressed images.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DiskAddress } from '../../src/blocks/index.ts'
import { nbdkit } from '../../test/peers/nbd-peers.ts'
import { type Ground, type Measured, type Row, timeProgram, timeScript } from './contest.ts'
import { createImage } from './image.ts'

const SCRIPT = fileURLToPath(new URL('use-vault.ts', import.meta.url))
const ENVIRONMENT = { ...process.env, RESTIC_PASSWORD: 'bench' }

export const vaultGround: Ground = async (folder, sizeBytes) => {
  const at = (name: string): string => join(folder, name)
  await createImage(at('disk.raw'), sizeBytes)
  const disk = nbdkit('-r', 'file', at('disk.raw'))
  const address: DiskAddress = { kind: 'nbd-unix', path: disk.path, exportName: '' }
  const restic = (repository: string, ...args: readonly string[]) =>
    timeProgram('restic', ['--no-cache', '-q', '-r', repository, ...args], ENVIRONMENT)

  /** Removes, prepares, then measures. */
  const fresh =
    (names: readonly string[], run: () => Promise<Measured>, prepare: () => Promise<unknown> = async () => undefined) =>
    async (): Promise<Measured> => {
      for (const name of names) await rm(at(name), { recursive: true, force: true })
      await prepare()
      return run()
    }

  const rows: Row[] = [
    {
      title: 'full backup, NBD → encrypted vault',
      ours: { name: 'holdfast', run: fresh(['vault'], () => timeScript(SCRIPT, 'backup', folder, JSON.stringify(address))) },
      peers: [
        {
          name: 'restic backup',
          goal: 2.5,
          run: fresh(
            ['restic'],
            () => restic(at('restic'), 'backup', at('disk.raw')),
            () => restic(at('restic'), 'init'),
          ),
        },
        {
          name: 'qemu-img convert -c, zstd',
          goal: 1.2,
          run: fresh(['disk.qcow2'], () =>
            timeProgram('qemu-img', [
              'convert',
              '-c',
              '-W',
              '-O',
              'qcow2',
              '-o',
              'compression_type=zstd',
              at('disk.raw'),
              at('disk.qcow2'),
            ]),
          ),
        },
      ],
    },
    {
      title: 'restore to a raw file',
      ours: { name: 'holdfast', run: fresh(['ours.raw'], () => timeScript(SCRIPT, 'restore', folder, at('ours.raw'))) },
      peers: [
        {
          name: 'restic restore',
          goal: 1.2,
          run: fresh(['restored'], () => restic(at('restic'), 'restore', 'latest', '--target', at('restored'))),
        },
        {
          name: 'qemu-img convert from compressed qcow2',
          goal: 0.8,
          run: fresh(['theirs.raw'], () =>
            timeProgram('qemu-img', ['convert', '-W', '-O', 'raw', at('disk.qcow2'), at('theirs.raw')]),
          ),
        },
      ],
    },
    {
      title: 'verify everything',
      ours: { name: 'holdfast', run: () => timeScript(SCRIPT, 'verify', folder) },
      peers: [{ name: 'restic check --read-data', goal: 1.2, run: () => restic(at('vault'), 'check', '--read-data') }],
    },
  ]
  return { rows, [Symbol.asyncDispose]: async () => disk[Symbol.dispose]() }
}
