// The files in the disks of a restore point: the disks are served to guestfish, read-only, on a socket of this user alone.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BlockSource, serveNbd } from '../../blocks/index.ts'
import { fileUnknown, type ListedFile, type RestorePoint, type Vault } from '../../vault/index.ts'
import { programFailed, programMissing } from '../codes.ts'
import { Refusal } from '../refusal.ts'
import { type Guestfish, GuestfishError, type GuestfishOptions, startGuestfish } from './guestfish.ts'
import type { Volume } from './model.ts'
import { type About, aboutOf, linkTarget } from './stat.ts'
import { type AttachedVolume, cleanPath, findVolumes, volumeOf } from './volumes.ts'

export interface DiskFiles extends AsyncDisposable {
  readonly fish: Guestfish
  /** What is in a folder, or the file itself; the volumes for an empty path. Throws `POINT_FILE_UNKNOWN`. */
  list(path: string): Promise<readonly (ListedFile | Volume)[]>
  /** Mounts the volume that the path is in, and nothing else. Throws `POINT_FILE_UNKNOWN`, or Refusal when it cannot be mounted. */
  find(path: string): Promise<Found>
}

export interface Found {
  readonly volume: Volume
  /** Absolute within the volume. */
  readonly within: string
  readonly about: About
}

export type OpenDiskFilesOptions = Pick<GuestfishOptions, 'env' | 'signal'>

export async function openDiskFiles(vault: Vault, point: RestorePoint, options: OpenDiskFilesOptions): Promise<DiskFiles> {
  const stack = new AsyncDisposableStack()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-files-'))
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const socket = join(folder, 'socket')
    const disks = await serveDisks(stack, vault, point, socket)
    const attached = disks.map((exportName) => ({ socket, exportName }))
    const fish = stack.use(await startGuestfish({ ...options, folder, disks: attached }))
    const names = point.disks.map(({ disk }) => disk)
    const files = filesIn(fish, point, await findVolumes(fish, names))
    return { ...files, fish, [Symbol.asyncDispose]: () => stack.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

/** Names of the exports. A disk may be called anything, so they are only counted. */
async function serveDisks(
  stack: AsyncDisposableStack,
  vault: Vault,
  { id, disks }: RestorePoint,
  path: string,
): Promise<readonly string[]> {
  const sources = new Map<string, BlockSource>()
  for (const [index, { disk }] of disks.entries()) sources.set(`disk${index}`, stack.use(await vault.openDisk(id, disk)))
  const resolve = async (name: string) => {
    const source = sources.get(name)
    return source && { ...source, readOnly: true }
  }
  stack.use(await serveNbd({ listen: { path }, resolve }))
  return [...sources.keys()]
}

function filesIn(fish: Guestfish, point: RestorePoint, volumes: readonly AttachedVolume[]): Pick<DiskFiles, 'list' | 'find'> {
  let mounted: AttachedVolume | undefined

  async function find(path: string): Promise<Found> {
    const where = volumeOf(path, volumes)
    if (!where) throw fileUnknown(point.id, path)
    const { volume, within } = where
    if (mounted !== volume) {
      if (mounted) await fish.ask('umount-all')
      mounted = undefined
      await mount(fish, volume)
      mounted = volume
    }
    const about = await aboutOf(fish, Buffer.from(within))
    if (!about) throw fileUnknown(point.id, path)
    return { volume, within, about }
  }

  async function list(path: string): Promise<readonly (ListedFile | Volume)[]> {
    if (cleanPath(path) === '') return volumes.map(({ mountable: _, ...volume }) => volume)
    const { volume, within, about } = await find(path)
    const shownAt = (inner: string): string => `${volume.path}${inner}`
    if (about.kind !== 'folder') return [await listed(fish, Buffer.from(within), shownAt(within), about)]
    const files: ListedFile[] = []
    const start = within === '/' ? '/' : `${within}/`
    for (const name of await fish.names('ls0', Buffer.from(within))) {
      const inner = Buffer.concat([Buffer.from(start), name])
      const inside = await aboutOf(fish, inner)
      if (inside) files.push(await listed(fish, inner, shownAt(`${start}${name}`), inside))
    }
    return files
  }

  return { list, find }
}

async function mount(fish: Guestfish, { mountable, path, fileSystem }: AttachedVolume): Promise<void> {
  try {
    // Without utf8, FAT shows letters that are not ASCII as question marks.
    await fish.ask('mount-options', fileSystem === 'vfat' ? 'ro,utf8' : 'ro', mountable, '/')
  } catch (error) {
    if (!(error instanceof GuestfishError)) throw error
    if (fileSystem === 'xfs' && error.message.includes('unsupported filesystem type'))
      throw new Refusal([programMissing("guestfish's XFS", 'libguestfs-xfs')])
    throw new Refusal([programFailed('guestfish', `${path} (${fileSystem}) cannot be read: ${error.message}`)])
  }
}

async function listed(
  fish: Guestfish,
  inner: Buffer,
  path: string,
  { kind, sizeBytes, mode, mtimeS }: About,
): Promise<ListedFile> {
  const target = kind === 'link' ? { target: (await linkTarget(fish, inner)).toString() } : {}
  return { kind, path, sizeBytes, mode, mtime: new Date(mtimeS * 1000).toISOString(), ...target }
}
