// The volumes of attached disks, and which of them a path is about.
import type { Guestfish } from './guestfish.ts'
import type { Volume } from './model.ts'

export interface AttachedVolume extends Volume {
  /** As libguestfs names it to mount it. */
  readonly mountable: string
}

/** `disks` in the order in which they were attached. */
export async function findVolumes(fish: Guestfish, disks: readonly string[]): Promise<readonly AttachedVolume[]> {
  const devices = linesOf(await fish.ask('list-devices'))
  const volumes: AttachedVolume[] = []
  for (const line of linesOf(await fish.ask('list-filesystems'))) {
    const [, mountable = '', fileSystem = 'unknown'] = /^(.+): (\S+)$/.exec(line) ?? []
    // A subvolume of btrfs is a folder of its volume, and is shown there.
    if (!mountable.startsWith('/dev/')) continue
    const label = (await fish.ask('vfs-label', mountable).catch(() => Buffer.alloc(0))).toString().trim()
    volumes.push({
      kind: 'volume',
      path: nameOf(mountable, devices, disks),
      fileSystem,
      sizeBytes: Number((await fish.ask('blockdev-getsize64', mountable)).toString()),
      ...(label === '' ? {} : { label }),
      mountable,
    })
  }
  return volumes
}

const linesOf = (output: Buffer): readonly string[] =>
  output
    .toString()
    .split('\n')
    .filter((line) => line !== '')

function nameOf(device: string, devices: readonly string[], disks: readonly string[]): string {
  const index = devices.findIndex((each) => device.startsWith(each) && /^\d*$/.test(device.slice(each.length)))
  const disk = disks[index]
  if (disk === undefined) return device.replace(/^\/dev\//, '')
  const partition = device.slice(devices[index]?.length)
  return partition === '' ? disk : `${disk}/${partition}`
}

/** The volume that a path begins with, and the path within it, `/` for all of it. */
export function volumeOf(
  path: string,
  volumes: readonly AttachedVolume[],
): { readonly volume: AttachedVolume; readonly within: string } | undefined {
  const clean = cleanPath(path)
  if (clean === undefined) return undefined
  const [volume] = volumes.filter((each) => `${clean}/`.startsWith(`${each.path}/`)).sort((a, b) => b.path.length - a.path.length)
  return volume && { volume, within: clean.slice(volume.path.length) || '/' }
}

/** Without slashes at its ends or in a row; undefined for one that leaves where it starts. */
export function cleanPath(path: string): string | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  return parts.includes('..') ? undefined : parts.join('/')
}
