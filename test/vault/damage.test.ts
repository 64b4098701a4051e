// Damage done to a vault's files behind its back: verify finds each, and no disk is ever given back with other bytes. [P7]
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createRandom } from '../../src/rehearse/random.ts'
import { findKey } from '../../src/vault/format/keys.ts'
import { takeLock } from '../../src/vault/format/locks.ts'
import { initVault, localBackend, openVault } from '../../src/vault/index.ts'
import { backUp, createFolder, noise, PASSWORD, readBack, writeDisk } from './world.ts'

const CHUNK = 65_536
const GEOMETRY = { chunkBytes: CHUNK, segmentBytes: 4 * CHUNK }
const FLIPS_IN_EACH_KIND = 40
const CONTENT = [noise(1, 6 * CHUNK), Buffer.concat([noise(1, 3 * CHUNK), noise(2, 3 * CHUNK)])]

const KINDS = ['config', 'keys', 'data', 'index', 'snapshots', 'locks'] as const

interface Counts {
  flipped: number
  /** By `verify` with `data`, or on opening. */
  found: number
  /** Restores that were refused, or gave what had been stored; a point that is not listed any more counts as refused. */
  refused: number
  equal: number
  wrong: number
}

it('verify with data finds every flipped bit in every kind of file, and none is restored silently [P7]', async () => {
  await using folder = await createFolder()
  const directory = folder.file('directory')
  const ids = await prepare(folder.path, directory)
  const backend = localBackend(directory)
  // Somebody else is at work, so there is a lock to be damaged too.
  const lock = await takeLock(backend, await findKey(backend, PASSWORD), false, Date.now)
  const random = createRandom('vault')
  const told: Record<string, Counts> = {}
  for (const kind of KINDS) {
    const files = await filesBelow(directory, kind)
    const counts: Counts = { flipped: 0, found: 0, refused: 0, equal: 0, wrong: 0 }
    for (let n = 0; n < FLIPS_IN_EACH_KIND; n += 1) {
      const path = join(directory, files[random.below(files.length)] ?? '')
      const bit = random.below((await stat(path)).size * 8)
      await flip(path, bit)
      await judge(directory, ids, counts)
      await flip(path, bit)
    }
    told[kind] = counts
    expect(counts, kind).toMatchObject({ flipped: FLIPS_IN_EACH_KIND, found: FLIPS_IN_EACH_KIND, wrong: 0 })
  }
  await lock.release()
  console.log('flipped bits in a vault', told)
}, 120_000)

/** Two points that share half of their bytes. */
async function prepare(folder: string, directory: string): Promise<readonly string[]> {
  await initVault(directory, PASSWORD, { keyCost: 1024 })
  await using vault = await openVault(directory, PASSWORD, { threads: 0, geometry: GEOMETRY })
  const ids: string[] = []
  for (const [n, content] of CONTENT.entries()) {
    const disk = await writeDisk(join(folder, `disk-${n}`), content)
    ids.push((await backUp(vault, `run-${n}`, disk, content.length)).id)
  }
  return ids
}

async function filesBelow(directory: string, kind: (typeof KINDS)[number]): Promise<readonly string[]> {
  if (kind === 'config') return ['config']
  const entries = await readdir(join(directory, kind), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(directory.length))
}

async function flip(path: string, bit: number): Promise<void> {
  await using file = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, bit >> 3)
  byte.writeUInt8(byte.readUInt8() ^ (1 << (bit & 7)))
  await file.write(byte, 0, 1, bit >> 3)
}

async function judge(directory: string, ids: readonly string[], counts: Counts): Promise<void> {
  counts.flipped += 1
  const opened = await openVault(directory, PASSWORD, { threads: 0 }).catch(() => undefined)
  if (!opened) {
    counts.found += 1
    counts.refused += ids.length
    return
  }
  await using vault = opened
  // A lock that nobody can read lets nobody in.
  const report = await vault.verify({ data: true }).catch(unlessDamage)
  if (!report || report.problems.length + report.damagedPoints.length > 0) counts.found += 1
  for (const [n, id] of ids.entries()) {
    const restored = await readBack(vault, id).catch(() => undefined)
    if (restored === undefined) counts.refused += 1
    else if (CONTENT[n]?.equals(restored)) counts.equal += 1
    else counts.wrong += 1
  }
}

function unlessDamage(error: unknown): undefined {
  expect(error).toMatchObject({ code: 'VAULT_FILE_DAMAGED' })
}
