// What verify says of damage, held against what was truly damaged: in packs each blob, the header and its length; each file of other kinds. [P7]
import { beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '../../src/rehearse/random.ts'
import { sha256 } from '../../src/vault/format/crypto.ts'
import { type IndexedPack, readIndex } from '../../src/vault/format/index-files.ts'
import { findKey } from '../../src/vault/format/keys.ts'
import { putFile } from '../../src/vault/format/sealed-files.ts'
import type { Backend, DamagedPoint, FileKind } from '../../src/vault/index.ts'
import { openRepository } from '../../src/vault/repository/repository.ts'
import { createPool } from '../../src/vault/workers/index.ts'
import { copyBackend } from './failing-backend.ts'
import { CHUNK, createStorage, open, type Stored, storePoints } from './prune-world.ts'
import { PASSWORD, readBack } from './world.ts'

/** Two segments each, chunks in common within and between points. */
const DISKS = [
  [1, 2, 3, 4, 5, 6, 7, 8, 9, 9],
  [1, 2, 3, 4, 5, 6, 7, 8, 10, 11],
  [12, 1, 1, 4, 13, 13, 7, 14, 15, 11],
] as const
const SEGMENT = 8 * CHUNK

type Ranges = DamagedPoint['damage'][number]['ranges']

/** What a point loses with a blob. */
interface Use {
  readonly pointId: string
  readonly path: string
  readonly ranges: Ranges
}

interface Place {
  readonly pack: string
  readonly offsetBytes: number
  readonly lengthBytes: number
  /** `type id` of the blob; none in a header. */
  readonly blob?: string
}

let template: Backend
let stored: readonly Stored[]
let uses: ReadonlyMap<string, readonly Use[]>
let places: readonly Place[]
let indexes: ReadonlyMap<string, readonly IndexedPack[]>
const random = createRandom('damage-report')

beforeAll(async () => {
  template = await createStorage()
  stored = await storePoints(template, DISKS)
  const key = await findKey(template, PASSWORD)
  const names = await template.names('index')
  indexes = new Map(await Promise.all(names.map(async (name) => [name, await readIndex(template, key, name)] as const)))
  places = await allPlaces()
  uses = await allUses()
})

async function allPlaces(): Promise<readonly Place[]> {
  const sizes = new Map((await template.list('pack')).map(({ name, sizeBytes }) => [name, sizeBytes]))
  return [...indexes.values()].flat().flatMap(({ id: pack, blobs }) => {
    const end = Math.max(...blobs.map(({ offsetBytes, lengthBytes }) => offsetBytes + lengthBytes))
    const rest = (sizes.get(pack) ?? 0) - end
    return [
      ...blobs.map(({ id, type, offsetBytes, lengthBytes }) => ({ pack, offsetBytes, lengthBytes, blob: `${type} ${id}` })),
      { pack, offsetBytes: end, lengthBytes: rest - 4 },
      { pack, offsetBytes: end + rest - 4, lengthBytes: 4 },
    ]
  })
}

/** Found by walking the trees, as they were before any damage. */
async function allUses(): Promise<ReadonlyMap<string, readonly Use[]>> {
  const found = new Map<string, Use[]>()
  const key = await findKey(template, PASSWORD)
  await using repository = openRepository(template, key, createPool(template, 0))
  await repository.refresh()
  await using vault = await open(template)
  const add = (blob: string, use: Use): void => void found.set(blob, [...(found.get(blob) ?? []), use])

  async function walk(pointId: string, tree: string, path: string, lost: Use): Promise<void> {
    add(`tree ${tree}`, lost)
    for (const node of await repository.readTree(tree)) {
      const below = `${path}${node.name}`
      if (node.kind === 'dir') await walk(pointId, node.subtree, `${below}/`, lostTree(pointId, below))
      if (node.kind !== 'file') continue
      const segment = /^disks\/ide0\/(\d{6})\//.exec(below)?.[1]
      for (let at = 0; at < node.content.length; at += 32) {
        const offsetBytes = segment === undefined ? 0 : Number(segment) * SEGMENT + (at / 32) * CHUNK
        const ranges = [{ offsetBytes, lengthBytes: segment === undefined ? node.sizeBytes : CHUNK }]
        add(`data ${node.content.toString('hex', at, at + 32)}`, {
          pointId,
          path: segment === undefined ? below : 'disks/ide0',
          ranges,
        })
      }
    }
  }
  for (const { id, tree } of await vault.snapshots()) await walk(id, tree, '', { pointId: id, path: '/', ranges: [] })
  return found
}

/** A disk or a segment of it is lost whole with its tree; of other folders no ranges are told. */
function lostTree(pointId: string, path: string): Use {
  const [, disk, segment] = /^(disks\/ide0)(?:\/(\d{6}))?$/.exec(path) ?? []
  if (disk === undefined) return { pointId, path, ranges: [] }
  const sizeBytes = 10 * CHUNK
  const offsetBytes = Number(segment ?? 0) * SEGMENT
  const lengthBytes = segment === undefined ? sizeBytes : Math.min(SEGMENT, sizeBytes - offsetBytes)
  return { pointId, path: disk, ranges: [{ offsetBytes, lengthBytes }] }
}

/** By point: path and ranges, neighbours joined. */
function expected(lost: readonly Use[]): Readonly<Record<string, Readonly<Record<string, Ranges>>>> {
  const told: Record<string, Record<string, { offsetBytes: number; lengthBytes: number }[]>> = {}
  for (const { pointId, path, ranges } of lost.toSorted(
    (a, b) => (a.ranges[0]?.offsetBytes ?? 0) - (b.ranges[0]?.offsetBytes ?? 0),
  )) {
    told[pointId] ??= {}
    const of = told[pointId]
    of[path] ??= []
    for (const { offsetBytes, lengthBytes } of ranges) {
      const last = of[path].at(-1)
      if (last && last.offsetBytes + last.lengthBytes === offsetBytes) last.lengthBytes += lengthBytes
      else of[path].push({ offsetBytes, lengthBytes })
    }
  }
  return told
}

const told = (points: readonly DamagedPoint[]): ReturnType<typeof expected> =>
  Object.fromEntries(points.map(({ id, damage }) => [id, Object.fromEntries(damage.map(({ path, ranges }) => [path, ranges]))]))

async function flipped(kind: FileKind, name: string, from: number, lengthBytes: number): Promise<Backend> {
  const backend = await copyBackend(template)
  const content = await backend.read(kind, name)
  const at = from + random.below(lengthBytes)
  content[at] = (content[at] ?? 0) ^ (1 << random.below(8))
  await backend.put(kind, name, [content])
  return backend
}

/** Verify tells exactly this; what it calls whole is given back equal, and nothing is given back otherwise; repair keeps all that is whole. */
async function expectTold(backend: Backend, problem: string, lost: readonly Use[], droppedPoints: number): Promise<void> {
  await using vault = await open(backend)
  const report = await vault.verify({ data: true })
  expect(report.problems).toHaveLength(1)
  expect(report.problems[0]).toContain(problem)
  expect(told(report.damagedPoints)).toEqual(expected(lost))
  const listed = await vault.points()
  for (const { point, content } of stored) {
    const restored = await readBack(vault, point.id).catch(() => undefined)
    const isDamaged = report.damagedPoints.some(({ id }) => id === point.id) || !listed.some(({ id }) => id === point.id)
    if (restored) expect(restored.equals(content)).toBe(true)
    else expect(isDamaged).toBe(true)
  }
  const before = listed.length
  await vault.repair({ dropPoints: true, dryRun: false })
  expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  const left = await vault.points()
  expect(left).toHaveLength(before - droppedPoints)
  for (const { id } of left) {
    const was = stored.find(({ point }) => point.id === id)
    expect((await readBack(vault, id)).equals(was?.content ?? Buffer.alloc(0))).toBe(true)
  }
}

describe('a flipped bit [P7]', () => {
  test('in any blob of a pack is told with the points and the ranges that it costs, and no others; in a header it costs nothing', {
    timeout: 3_600_000,
  }, async () => {
    const counts = { data: 0, tree: 0, header: 0 }
    for (const place of places) {
      const backend = await flipped('pack', place.pack, place.offsetBytes, place.lengthBytes)
      const lost = place.blob === undefined ? [] : (uses.get(place.blob) ?? [])
      const points = new Set(lost.map(({ pointId }) => pointId))
      await expectTold(backend, `pack ${place.pack.slice(0, 10)} is damaged`, lost, points.size)
      counts[place.blob === undefined ? 'header' : place.blob.startsWith('tree') ? 'tree' : 'data'] += 1
    }
    expect(counts.data).toBeGreaterThan(15)
    expect(counts.tree).toBeGreaterThan(10)
    console.info('a flipped bit in each blob and header of a vault, all told and repaired:', counts)
  })

  test('in any index file is told with the points that cannot be found without it, and all of them are found again by repair', async () => {
    for (const name of indexes.keys()) {
      const sizeBytes = (await template.read('index', name)).length
      const backend = await flipped('index', name, 0, sizeBytes)
      await using vault = await open(backend)
      const report = await vault.verify({ data: true })
      expect(report.problems).toEqual([`index file ${name.slice(0, 10)} is damaged: its content does not match its name`])
      expect(report.damagedPoints.length).toBeGreaterThan(0)
      expect(await vault.repair({ dropPoints: true, dryRun: false })).toMatchObject({ damagedPoints: [], pointsDropped: 0 })
      for (const { point, content } of stored) expect((await readBack(vault, point.id)).equals(content)).toBe(true)
    }
  })

  test('in any snapshot file is told, and costs that point alone', async () => {
    for (const { point } of stored) {
      const sizeBytes = (await template.read('snapshot', point.id)).length
      const backend = await flipped('snapshot', point.id, 0, sizeBytes)
      await expectTold(backend, `snapshot file ${point.id.slice(0, 10)} is damaged`, [], 0)
    }
  })

  test('in the config or the only key file lets nobody in; in another key file it is told, and that key can be removed', async () => {
    const [only = ''] = await template.names('key')
    for (let n = 0; n < 10; n += 1) {
      for (const [kind, name] of [['config', 'config'] as const, ['key', only] as const]) {
        const backend = await flipped(kind, name, 0, (await template.read(kind, name)).length)
        await expect(open(backend)).rejects.toMatchObject({ code: 'VAULT_FILE_DAMAGED', message: expect.stringContaining(kind) })
      }
      const backend = await copyBackend(template)
      await using vault = await open(backend)
      const other = await vault.keys.add(PASSWORD)
      const content = await backend.read('key', other)
      const at = random.below(content.length)
      content[at] = (content[at] ?? 0) ^ (1 << random.below(8))
      await backend.put('key', other, [content])
      const { problems } = await vault.verify({ data: true })
      expect(problems).toEqual([`key file ${other.slice(0, 10)} is damaged: its content does not match its name`])
      await vault.keys.remove(other)
      expect((await vault.verify({ data: true })).problems).toEqual([])
    }
  })

  test('in a lock keeps everybody out who needs one, and says which file it is', async () => {
    const key = await findKey(template, PASSWORD)
    for (let n = 0; n < 20; n += 1) {
      const backend = await copyBackend(template)
      const text = JSON.stringify({
        time: new Date(0).toISOString(),
        exclusive: false,
        hostname: 'elsewhere',
        username: 'root',
        pid: 1,
      })
      const name = await putFile(backend, key, 'lock', text)
      const content = await backend.read('lock', name)
      const at = random.below(content.length)
      content[at] = (content[at] ?? 0) ^ (1 << random.below(8))
      await backend.put('lock', name, [content])
      await using vault = await open(backend)
      const refused = { code: 'VAULT_FILE_DAMAGED', message: expect.stringContaining(`lock file ${name.slice(0, 10)}`) }
      await expect(vault.verify({ data: true })).rejects.toMatchObject(refused)
      await expect(vault.prune({ dryRun: false })).rejects.toMatchObject(refused)
    }
  })

  test('is looked for where it was made: the canary of this test', async () => {
    const [chunk] = [...uses].filter(
      ([blob, of]) =>
        blob === `data ${sha256(stored[0]?.content.subarray(0, CHUNK) ?? Buffer.alloc(0)).toString('hex')}` && of.length > 0,
    )
    expect(chunk?.[1].map(({ path, ranges }) => ({ path, ranges }))).toEqual([
      { path: 'disks/ide0', ranges: [{ offsetBytes: CHUNK, lengthBytes: CHUNK }] },
      { path: 'disks/ide0', ranges: [{ offsetBytes: 2 * CHUNK, lengthBytes: CHUNK }] },
      { path: 'disks/ide0', ranges: [{ offsetBytes: 0, lengthBytes: CHUNK }] },
      { path: 'disks/ide0', ranges: [{ offsetBytes: 0, lengthBytes: CHUNK }] },
    ])
  })
})
