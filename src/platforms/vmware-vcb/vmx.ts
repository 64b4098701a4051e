// The texts beside a VM's disks: lines of `key = "value"`, and descriptors of disks. Read and changed, never interpreted beyond that.
import type { JsonObject } from '../../values/index.ts'

/** Keys in lower case; the last of several counts. */
export function parseSettings(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).map((line) => /^\s*([^#=\s][^=]*?)\s*=\s*"?(.*?)"?\s*$/.exec(line))
  return new Map(lines.flatMap((match) => (match?.[1] ? [[match[1].toLowerCase(), match[2] ?? '']] : [])))
}

/** The text with other values for some of its keys; a key that is not there comes behind. */
export function withSettings(text: string, changes: Readonly<Record<string, string>>): string {
  const missing = new Map(Object.entries(changes))
  const lines = text.split('\n').map((line) => {
    const key = /^\s*([^#=\s][^=]*?)\s*=/.exec(line)?.[1]?.toLowerCase() ?? ''
    const value = missing.get(key)
    missing.delete(key)
    return value === undefined ? line : `${key} = "${value}"`
  })
  return [...lines, ...[...missing].map(([key, value]) => `${key} = "${value}"`)].join('\n')
}

export interface VmxDisk {
  /** The device, `scsi0:0`. */
  readonly disk: string
  /** Name of its descriptor. */
  readonly file: string
}

export const disksIn = (settings: ReadonlyMap<string, string>): readonly VmxDisk[] =>
  [...settings].flatMap(([key, file]) => {
    const [, disk] = /^((?:scsi|ide|sata|nvme)\d+:\d+)\.filename$/.exec(key) ?? []
    const device = settings.get(`${disk}.devicetype`) ?? 'disk'
    return disk === undefined || settings.get(`${disk}.present`) === 'FALSE' || !/disk/i.test(device) ? [] : [{ disk, file }]
  })

const SECTOR_BYTES = 512

/** The one flat file that a monolithic flat disk consists of; undefined for any other form. */
export function flatExtentIn(descriptor: string): { readonly file: string; readonly sizeBytes: number } | undefined {
  const extents = [...descriptor.matchAll(/^(?:RW|RDONLY)\s+(\d+)\s+(\w+)\s+"([^"]+)"(?:\s+(\d+))?/gm)]
  const [, sectors = '0', kind, file, offset = '0'] = extents[0] ?? []
  if (extents.length !== 1 || file === undefined || offset !== '0' || (kind !== 'FLAT' && kind !== 'VMFS')) return undefined
  return { file, sizeBytes: Number(sectors) * SECTOR_BYTES }
}

const MIB = 2 ** 20

/** The VM in words that no platform owns. */
export function machineOf(settings: ReadonlyMap<string, string>): JsonObject {
  const guestOs = settings.get('guestos')
  const cards = [...settings.keys()].flatMap((key) => /^(ethernet\d+)\.present$/.exec(key)?.[1] ?? [])
  return {
    cpus: Number(settings.get('numvcpus') ?? 1),
    memoryBytes: Number(settings.get('memsize') ?? 4) * MIB,
    firmware: settings.get('firmware') === 'efi' ? 'efi' : 'bios',
    ...(guestOs === undefined ? {} : { guestOs }),
    disks: disksIn(settings).map(({ disk }, index) => ({ disk, bus: disk.replace(/\d.*$/, ''), boot: index === 0 })),
    networks: cards.map((card) => {
      const mac = settings.get(`${card}.address`) ?? settings.get(`${card}.generatedaddress`)
      const network = settings.get(`${card}.networkname`)
      return { ...(mac === undefined ? {} : { mac }), ...(network === undefined ? {} : { network }) }
    }),
  }
}
