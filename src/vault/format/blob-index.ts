// Which blobs a vault has and where: an open-addressing table over packed buffers, 52 bytes a blob, so that millions fit.
// I1: an id is in the table at most once. I2: a claimed id without a place belongs to a pack that is not written yet.
import { ID_BYTES } from './blobs.ts'
import { SEAL_BYTES } from './crypto.ts'

export interface BlobLocation {
  /** Index into the vault's list of pack ids. */
  readonly pack: number
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly rawBytes: number
}

export interface BlobIndex {
  readonly count: number
  /** True when the id was unknown and is this caller's to store. */
  claim(ids: Buffer, at: number): boolean
  has(id: Buffer): boolean
  /** A number below `count` that stays the id's own until `clear`; -1 while unknown. */
  entryOf(ids: Buffer, at: number): number
  /** Undefined while unknown or not yet durable. */
  locate(ids: Buffer, at?: number): BlobLocation | undefined
  /** Later places of the same id are ignored: one is enough to read it. */
  place(ids: Buffer, at: number, location: BlobLocation): void
  /** Of all blobs that have a place: plain, and as stored. */
  totals(): { readonly plainBytes: number; readonly storedBytes: number }
  clear(): void
}

const UNPLACED = 0xffffffff
const FIELDS = 4

export function createBlobIndex(): BlobIndex {
  let count = 0
  let ids: Buffer
  let fields: Uint32Array
  // Slot → entry + 1; 0 is free. Never more than half full.
  let slots: Uint32Array
  clear()

  function clear(): void {
    count = 0
    ids = Buffer.alloc(1024 * ID_BYTES)
    fields = new Uint32Array(1024 * FIELDS)
    slots = new Uint32Array(2048)
  }

  function slotOf(of: Buffer, at: number): number {
    const mask = slots.length - 1
    // Ids are sha256, hence evenly spread.
    let slot = of.readUInt32LE(at) & mask
    for (;;) {
      const entry = slots[slot] ?? 0
      if (entry === 0 || of.compare(ids, (entry - 1) * ID_BYTES, entry * ID_BYTES, at, at + ID_BYTES) === 0) return slot
      slot = (slot + 1) & mask
    }
  }

  function entryOf(of: Buffer, at: number): number {
    return (slots[slotOf(of, at)] ?? 0) - 1
  }

  function insert(of: Buffer, at: number): number {
    if ((count + 1) * 2 > slots.length) grow()
    const entry = count
    of.copy(ids, entry * ID_BYTES, at, at + ID_BYTES)
    fields[entry * FIELDS] = UNPLACED
    count += 1
    slots[slotOf(of, at)] = entry + 1
    return entry
  }

  function grow(): void {
    const room = slots.length
    const wider = Buffer.alloc(room * ID_BYTES)
    ids.copy(wider, 0, 0, count * ID_BYTES)
    ids = wider
    const widerFields = new Uint32Array(room * FIELDS)
    widerFields.set(fields.subarray(0, count * FIELDS))
    fields = widerFields
    slots = new Uint32Array(room * 2)
    const mask = slots.length - 1
    for (let entry = 0; entry < count; entry += 1) {
      let slot = ids.readUInt32LE(entry * ID_BYTES) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = entry + 1
    }
  }

  return {
    get count() {
      return count
    },
    claim(of, at) {
      if (entryOf(of, at) >= 0) return false
      insert(of, at)
      return true
    },
    has: (id) => entryOf(id, 0) >= 0,
    entryOf,
    locate(of, at = 0) {
      const entry = entryOf(of, at)
      const [pack = UNPLACED, offsetBytes = 0, lengthBytes = 0, rawBytes = 0] =
        entry < 0 ? [] : fields.subarray(entry * FIELDS, (entry + 1) * FIELDS)
      return pack === UNPLACED ? undefined : { pack, offsetBytes, lengthBytes, rawBytes }
    },
    place(of, at, location) {
      const known = entryOf(of, at)
      const entry = known < 0 ? insert(of, at) : known
      if (fields[entry * FIELDS] !== UNPLACED) return
      fields.set([location.pack, location.offsetBytes, location.lengthBytes, location.rawBytes], entry * FIELDS)
    },
    totals() {
      let plainBytes = 0
      let storedBytes = 0
      for (let entry = 0; entry < count; entry += 1) {
        const [pack, , lengthBytes = 0, rawBytes = 0] = fields.subarray(entry * FIELDS, (entry + 1) * FIELDS)
        if (pack === UNPLACED) continue
        plainBytes += rawBytes || lengthBytes - SEAL_BYTES
        storedBytes += lengthBytes
      }
      return { plainBytes, storedBytes }
    },
    clear,
  }
}
