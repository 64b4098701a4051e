// A FAT16 file system on any addressable bytes: real files for simulated guests, on machines that have no mkfs.
// Files in the root directory only, with short names. Source: Microsoft FAT specification 1.03.

export interface Bytes {
  readonly sizeBytes: number
  read(offsetBytes: number, into: Buffer): void
  write(offsetBytes: number, data: Buffer): void
}

export interface Fat16 {
  /** Creates the file or replaces its content. Name: up to 8 letters, a dot, up to 3. Throws when the disk is full. */
  writeFile(name: string, content: Buffer): void
  readFile(name: string): Buffer | undefined
  list(): readonly { readonly name: string; readonly sizeBytes: number }[]
}

const SECTOR_BYTES = 512
const RESERVED_SECTORS = 4
const FATS = 2
const ROOT_ENTRIES = 512
const ENTRY_BYTES = 32
const ROOT_BYTES = ROOT_ENTRIES * ENTRY_BYTES
const MEDIA = 0xf8
const END_OF_CHAIN = 0xffff
const FIRST_CLUSTER = 2
/** The number of clusters is what makes a file system FAT16. */
const [MIN_CLUSTERS, MAX_CLUSTERS] = [4085, 65_524]

interface Layout {
  readonly clusterBytes: number
  readonly clusters: number
  readonly fatBytes: number
  readonly fatAt: number
  readonly rootAt: number
  readonly dataAt: number
}

/** Writes an empty file system: 16 MiB to 2 GiB. Always the same bytes for the same size and label. */
export function formatFat16(disk: Bytes, label: string): Fat16 {
  const layout = layoutFor(disk.sizeBytes)
  disk.write(0, bootSector(disk.sizeBytes, layout, label))
  const fatHead = Buffer.alloc(SECTOR_BYTES)
  fatHead.writeUInt16LE(0xff00 | MEDIA, 0)
  fatHead.writeUInt16LE(END_OF_CHAIN, 2)
  for (let copy = 0; copy < FATS; copy += 1) disk.write(layout.fatAt + copy * layout.fatBytes, fatHead)
  const volume = Buffer.alloc(ENTRY_BYTES)
  volume.write(label.toUpperCase().padEnd(11).slice(0, 11), 0, 'latin1')
  volume.writeUInt8(0x08, 11)
  disk.write(layout.rootAt, volume)
  return openFat16(disk)
}

/** Works on a disk that formatFat16 wrote. */
export function openFat16(disk: Bytes): Fat16 {
  const layout = layoutFor(disk.sizeBytes)
  return {
    writeFile: (name, content) => writeFile(disk, layout, name, content),
    readFile: (name) => {
      const found = entries(disk, layout).find((entry) => entry.name === name.toUpperCase())
      return found && readChain(disk, layout, found.cluster, found.sizeBytes)
    },
    list: () => entries(disk, layout).map(({ name, sizeBytes }) => ({ name, sizeBytes })),
  }
}

function layoutFor(sizeBytes: number): Layout {
  for (let clusterBytes = 2048; clusterBytes <= 32_768; clusterBytes *= 2) {
    const fatBytes = Math.ceil(((sizeBytes / clusterBytes + 2) * 2) / SECTOR_BYTES) * SECTOR_BYTES
    const fatAt = RESERVED_SECTORS * SECTOR_BYTES
    const rootAt = fatAt + FATS * fatBytes
    const dataAt = rootAt + ROOT_BYTES
    const clusters = Math.floor((sizeBytes - dataAt) / clusterBytes)
    if (clusters < MIN_CLUSTERS) break
    if (clusters <= MAX_CLUSTERS) return { clusterBytes, clusters, fatBytes, fatAt, rootAt, dataAt }
  }
  throw new RangeError(`FAT16 does not fit a disk of ${sizeBytes} bytes`)
}

function bootSector(sizeBytes: number, { clusterBytes, fatBytes }: Layout, label: string): Buffer {
  const sector = Buffer.alloc(SECTOR_BYTES)
  sector.set([0xeb, 0x3c, 0x90])
  sector.write('HOLDFAST', 3, 'latin1')
  sector.writeUInt16LE(SECTOR_BYTES, 11)
  sector.writeUInt8(clusterBytes / SECTOR_BYTES, 13)
  sector.writeUInt16LE(RESERVED_SECTORS, 14)
  sector.writeUInt8(FATS, 16)
  sector.writeUInt16LE(ROOT_ENTRIES, 17)
  const sectors = Math.floor(sizeBytes / SECTOR_BYTES)
  if (sectors < 0x10000) sector.writeUInt16LE(sectors, 19)
  else sector.writeUInt32LE(sectors, 32)
  sector.writeUInt8(MEDIA, 21)
  sector.writeUInt16LE(fatBytes / SECTOR_BYTES, 22)
  sector.writeUInt16LE(63, 24)
  sector.writeUInt16LE(255, 26)
  sector.writeUInt8(0x80, 36)
  sector.writeUInt8(0x29, 38)
  sector.writeUInt32LE(0x48_4f_4c_44, 39)
  sector.write(label.toUpperCase().padEnd(11).slice(0, 11), 43, 'latin1')
  sector.write('FAT16   ', 54, 'latin1')
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}

interface Entry {
  readonly name: string
  readonly sizeBytes: number
  readonly cluster: number
  /** Where it stands on the disk. */
  readonly at: number
}

function entries(disk: Bytes, { rootAt }: Layout): Entry[] {
  const root = Buffer.alloc(ROOT_BYTES)
  disk.read(rootAt, root)
  const found: Entry[] = []
  for (let at = 0; at < ROOT_BYTES && root.readUInt8(at) !== 0; at += ENTRY_BYTES) {
    if (root.readUInt8(at) === 0xe5 || (root.readUInt8(at + 11) & 0x08) !== 0) continue
    const [base = '', extension = ''] = [root.toString('latin1', at, at + 8), root.toString('latin1', at + 8, at + 11)]
    found.push({
      name: [base.trimEnd(), extension.trimEnd()].filter((part) => part !== '').join('.'),
      sizeBytes: root.readUInt32LE(at + 28),
      cluster: root.readUInt16LE(at + 26),
      at: rootAt + at,
    })
  }
  return found
}

function readChain(disk: Bytes, layout: Layout, first: number, sizeBytes: number): Buffer {
  const content = Buffer.alloc(sizeBytes)
  let cluster = first
  for (let done = 0; done < sizeBytes; done += layout.clusterBytes) {
    disk.read(clusterAt(layout, cluster), content.subarray(done, Math.min(done + layout.clusterBytes, sizeBytes)))
    cluster = readFatEntry(disk, layout, cluster)
  }
  return content
}

function writeFile(disk: Bytes, layout: Layout, name: string, content: Buffer): void {
  const shortName = shortNameOf(name)
  const existing = entries(disk, layout).find((entry) => entry.name === name.toUpperCase())
  const fat = Buffer.alloc(layout.fatBytes)
  disk.read(layout.fatAt, fat)
  if (existing) freeChain(fat, existing.cluster)
  const chain = allocate(fat, layout, Math.ceil(content.length / layout.clusterBytes))
  chain.forEach((cluster, index) => {
    const part = Buffer.alloc(layout.clusterBytes)
    content.copy(part, 0, index * layout.clusterBytes)
    disk.write(clusterAt(layout, cluster), part)
  })
  writeChangedSectors(disk, layout, fat)
  const entry = Buffer.alloc(ENTRY_BYTES)
  entry.write(shortName, 0, 'latin1')
  entry.writeUInt8(0x20, 11)
  entry.writeUInt16LE(0x5a21, 22)
  entry.writeUInt16LE(0x5a21, 24)
  entry.writeUInt16LE(chain[0] ?? 0, 26)
  entry.writeUInt32LE(content.length, 28)
  disk.write(existing?.at ?? freeEntry(disk, layout), entry)
}

const clusterAt = ({ dataAt, clusterBytes }: Layout, cluster: number): number => dataAt + (cluster - FIRST_CLUSTER) * clusterBytes

function readFatEntry(disk: Bytes, { fatAt }: Layout, cluster: number): number {
  const entry = Buffer.alloc(2)
  disk.read(fatAt + cluster * 2, entry)
  return entry.readUInt16LE()
}

function freeChain(fat: Buffer, first: number): void {
  for (let cluster = first; cluster >= FIRST_CLUSTER && cluster < 0xfff8; ) {
    const next = fat.readUInt16LE(cluster * 2)
    fat.writeUInt16LE(0, cluster * 2)
    cluster = next
  }
}

function allocate(fat: Buffer, { clusters }: Layout, count: number): number[] {
  const chain: number[] = []
  for (let cluster = FIRST_CLUSTER; chain.length < count; cluster += 1) {
    if (cluster >= clusters + FIRST_CLUSTER) throw new RangeError('the simulated disk is full')
    if (fat.readUInt16LE(cluster * 2) === 0) chain.push(cluster)
  }
  chain.forEach((cluster, index) => {
    fat.writeUInt16LE(chain[index + 1] ?? END_OF_CHAIN, cluster * 2)
  })
  return chain
}

/** A guest writes the sectors that changed, not the whole table: incremental backups should look as in life. */
function writeChangedSectors(disk: Bytes, { fatAt, fatBytes }: Layout, fat: Buffer): void {
  const before = Buffer.alloc(SECTOR_BYTES)
  for (let at = 0; at < fatBytes; at += SECTOR_BYTES) {
    const sector = fat.subarray(at, at + SECTOR_BYTES)
    disk.read(fatAt + at, before)
    if (before.equals(sector)) continue
    for (let copy = 0; copy < FATS; copy += 1) disk.write(fatAt + copy * fatBytes + at, sector)
  }
}

function freeEntry(disk: Bytes, { rootAt }: Layout): number {
  const first = Buffer.alloc(1)
  for (let at = 0; at < ROOT_BYTES; at += ENTRY_BYTES) {
    disk.read(rootAt + at, first)
    if (first[0] === 0 || first[0] === 0xe5) return rootAt + at
  }
  throw new RangeError('the root directory of the simulated disk is full')
}

function shortNameOf(name: string): string {
  const [, base, extension = ''] = /^([A-Z0-9_~-]{1,8})(?:\.([A-Z0-9_~-]{1,3}))?$/.exec(name.toUpperCase()) ?? []
  if (base === undefined) throw new RangeError(`${name} is no short file name`)
  return base.padEnd(8) + extension.padEnd(3)
}
