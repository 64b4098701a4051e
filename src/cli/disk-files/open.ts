// The files in the disks of a restore point: the disks are served to guestfish, read-only, on a socket of this user alone.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BlockSource, serveNbd } from '../../blocks/index.ts'
import { fileUnknown, isPattern, type ListedFile, type RestorePoint, selectPaths, type Vault } from '../../vault/index.ts'
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
  /** The file or folder of that path, or those that it means as a pattern, of `selectPaths`. Throws `POINT_FILE_UNKNOWN`, or Refusal when a volume cannot be mounted. */
  find(path: string): Promise<readonly Found[]>
  /** Mounts the volume, and nothing else. */
  mount(volume: AttachedVolume): Promise<void>
}

export interface Found {
  readonly volume: AttachedVolume
  /** Absolute within the volume. */
  readonly within: Buffer
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

function filesIn(
  fish: Guestfish,
  point: RestorePoint,
  volumes: readonly AttachedVolume[],
): Pick<DiskFiles, 'list' | 'find' | 'mount'> {
  let mounted: AttachedVolume | undefined

  async function mount(volume: AttachedVolume): Promise<void> {
    if (mounted === volume) return
    if (mounted) await fish.ask('umount-all')
    mounted = undefined
    await mountVolume(fish, volume)
    mounted = volume
  }

  /** Undefined when there is none. */
  async function findOne(path: string): Promise<Found | undefined> {
    const where = volumeOf(path, volumes)
    if (!where) return undefined
    await mount(where.volume)
    const within = Buffer.from(where.within)
    const about = await aboutOf(fish, within)
    return about && { volume: where.volume, within, about }
  }

  async function find(path: string): Promise<readonly Found[]> {
    const found = await findOne(path)
    if (found) return [found]
    const several: Found[] = []
    if (isPattern(path)) for (const volume of volumes) several.push(...(await findWithin(volume, path)))
    if (several.length === 0) throw fileUnknown(point.id, path)
    return several
  }

  /** Looks below the last folder that the pattern names in full. */
  async function findWithin(volume: AttachedVolume, pattern: string): Promise<readonly Found[]> {
    const meant = selectPaths(pattern)
    if (meant(volume.path) === 'no') return []
    // Of swap, and of what is encrypted, a pattern means nothing.
    const isMounted = await mount(volume).catch((error: unknown) => {
      if (error instanceof Refusal) return error
      throw error
    })
    if (isMounted instanceof Refusal) return []
    const start = Buffer.from(fixedFolder(pattern, volume.path))
    const about = await aboutOf(fish, start.length === 0 ? SLASH : start)
    if (about?.kind !== 'folder') return []
    if (meant(`${volume.path}${start}`) === 'yes') return [{ volume, within: start.length === 0 ? SLASH : start, about }]
    const found: Found[] = []
    const taken = new Set<string>()
    for (const name of await fish.names('find0', Buffer.concat([start, SLASH]))) {
      const within = Buffer.concat([start, SLASH, name])
      const above = within.subarray(0, within.lastIndexOf(SLASH)).toString('latin1')
      const isBelow = taken.has(above)
      if (!isBelow && meant(`${volume.path}${within}`) !== 'yes') continue
      taken.add(within.toString('latin1'))
      const inside = isBelow ? undefined : await aboutOf(fish, within)
      if (inside) found.push({ volume, within, about: inside })
    }
    return found
  }

  async function list(path: string): Promise<readonly (ListedFile | Volume)[]> {
    if (cleanPath(path) === '') return volumes.map(({ mountable: _, ...volume }) => volume)
    const found = await findOne(path)
    if (!found) throw fileUnknown(point.id, path)
    const { volume, within, about } = found
    const shownAt = (inner: Buffer): string => `${volume.path}${inner}`
    if (about.kind !== 'folder') return [await listed(fish, within, shownAt(within), about)]
    const files: ListedFile[] = []
    const start = within.equals(SLASH) ? within : Buffer.concat([within, SLASH])
    for (const name of await fish.names('ls0', within)) {
      const inner = Buffer.concat([start, name])
      const inside = await aboutOf(fish, inner)
      if (inside) files.push(await listed(fish, inner, shownAt(inner), inside))
    }
    return files
  }

  return { list, find, mount }
}

const SLASH = Buffer.from('/')

/** The folders of a pattern before the first name that may stand for several, within the volume; empty for its root. */
function fixedFolder(pattern: string, volume: string): string {
  const names = (cleanPath(pattern) ?? '').split('/')
  const first = names.findIndex(isPattern)
  const fixed = names.slice(volume.split('/').length, first < 0 ? names.length : first)
  return fixed.map((name) => `/${name}`).join('')
}

async function mountVolume(fish: Guestfish, { mountable, path, fileSystem }: AttachedVolume): Promise<void> {
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
