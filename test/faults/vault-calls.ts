// Everything that changes a vault, as one call each, over storage that can be copied: so that it can be made to die wherever one likes.
import { mkdir, writeFile } from 'node:fs/promises'
import { Secret } from '../../src/values/index.ts'
import { type Backend, openBackend, type Vault } from '../../src/vault/index.ts'
import { backUpFolder } from '../vault/file-world.ts'
import { CHUNK, createStorage, DISKS, type Stored, storePoints } from '../vault/prune-world.ts'
import { createFolder, noise, PASSWORD, pointOf, readBack, whole, writeDisk } from '../vault/world.ts'

export const NEXT_PASSWORD = new Secret('battery staple')
const GEOMETRY = { chunkBytes: CHUNK, segmentBytes: 8 * CHUNK }

/** Opens it with whichever of the passwords is valid; of both, the one that any operation ends with. */
export async function openAny(backend: Backend): Promise<Vault> {
  const open = (password: Secret) => openBackend(backend, password, { threads: 0, geometry: GEOMETRY, keyCost: 1024 })
  return await open(PASSWORD).catch(() => open(NEXT_PASSWORD))
}

export interface Prepared {
  readonly backend: Backend
  /** Points that must stay whole, whatever happens. */
  readonly kept: readonly Stored[]
}

export interface Operation {
  readonly name: string
  readonly prepare: () => Promise<Prepared>
  /** Repeating it ends in the same. */
  readonly run: (vault: Vault, folder: string) => Promise<void>
  /** Throws unless the vault is as it should be once the operation has been repeated. */
  readonly judge?: (vault: Vault) => Promise<void>
  /** It starts from a vault that is damaged. */
  readonly isDamaged?: boolean
}

const SIZE_BYTES = 12 * CHUNK
const FULL = noise(20, SIZE_BYTES)
const CHANGED = Buffer.concat([FULL.subarray(0, 9 * CHUNK), noise(21, 3 * CHUNK)])
const ON_BASE = [
  { offsetBytes: 0, lengthBytes: 9 * CHUNK, kind: 'unchanged' },
  { offsetBytes: 9 * CHUNK, lengthBytes: 3 * CHUNK, kind: 'data' },
] as const

async function prepare(): Promise<Prepared> {
  const backend = await createStorage()
  return { backend, kept: await storePoints(backend, DISKS) }
}

async function backUpFull(vault: Vault, folder: string): Promise<string> {
  const source = await writeDisk(`${folder}/full`, FULL)
  const ide0 = await vault.storeDisk({ disk: 'ide0', sizeBytes: SIZE_BYTES, source, map: whole(SIZE_BYTES) })
  return (await vault.commitPoint(pointOf('run-full', { ide0 }, { vm: 'vm-2' }))).id
}

async function expectContent(vault: Vault, run: string, content: Buffer): Promise<void> {
  const found = (await vault.points()).filter((point) => point.run === run)
  if (found.length !== 1 || !(await readBack(vault, found[0]?.id ?? '')).equals(content))
    throw new Error(`${run} is not as it was`)
}

const backups: readonly Operation[] = [
  {
    name: 'a full backup',
    prepare,
    run: async (vault, folder) => void (await backUpFull(vault, folder)),
    judge: (vault) => expectContent(vault, 'run-full', FULL),
  },
  {
    name: 'an incremental backup',
    async prepare() {
      const prepared = await prepare()
      await using folder = await createFolder()
      await using vault = await openAny(prepared.backend)
      const id = await backUpFull(vault, folder.path)
      return { ...prepared, kept: [...prepared.kept, { point: await vault.point(id), content: FULL }] }
    },
    async run(vault, folder) {
      const base = await vault.point('latest', 'vm-2')
      const pointId = base.parent ?? base.id
      const source = await writeDisk(`${folder}/changed`, CHANGED)
      const request = { disk: 'ide0', sizeBytes: SIZE_BYTES, source, map: ON_BASE, base: { pointId, disk: 'ide0' } }
      const ide0 = await vault.storeDisk(request)
      await vault.commitPoint(pointOf('run-inc', { ide0 }, { vm: 'vm-2', level: 'incremental', parent: pointId }))
    },
    judge: (vault) => expectContent(vault, 'run-inc', CHANGED),
  },
  {
    name: 'a backup of files',
    prepare,
    async run(vault, folder) {
      await mkdir(`${folder}/files/letters`, { recursive: true })
      await writeFile(`${folder}/files/a`, noise(30, 3 * CHUNK))
      await writeFile(`${folder}/files/letters/b`, noise(31, 99))
      await backUpFolder(vault, 'run-files', `${folder}/files`, { vm: 'vm-3' })
    },
    async judge(vault) {
      if ((await vault.points({ kind: 'files' })).length !== 1) throw new Error('there is not one point of files')
    },
  },
]

/** An index file each of many small backups, all of them needed: prune only joins them. */
const joined: Operation = {
  name: 'prune that only joins index files',
  prepare,
  run: async (vault) => void (await vault.prune({ dryRun: false })),
}

const removals: readonly Operation[] = [
  {
    name: 'forget',
    async prepare() {
      const { backend, kept } = await prepare()
      return { backend, kept: kept.slice(2) }
    },
    run: async (vault) => void (await vault.forget({ rules: { last: 2 }, dryRun: false })),
    async judge(vault) {
      if ((await vault.points()).length !== 2) throw new Error('not two points are left')
    },
  },
  {
    name: 'prune',
    async prepare() {
      const { backend, kept } = await prepare()
      await using vault = await openAny(backend)
      await vault.forget({ rules: { last: 2 }, dryRun: false })
      return { backend, kept: kept.slice(2) }
    },
    run: async (vault) => void (await vault.prune({ dryRun: false, maxUnused: 0 })),
    async judge(vault) {
      if ((await vault.verify({ data: false })).unusedPacks > 0) throw new Error('packs are left that nobody needs')
    },
  },
  {
    name: 'repair',
    isDamaged: true,
    async prepare() {
      const { backend, kept } = await prepare()
      const [pack] = (await backend.list('pack')).toSorted((a, b) => b.sizeBytes - a.sizeBytes)
      await spoil(backend, 'pack', pack?.name ?? '')
      await spoil(backend, 'index', (await backend.names('index'))[1] ?? '')
      await using vault = await openAny(backend)
      const { damagedPoints } = await vault.repair({ dropPoints: false, dryRun: true })
      // Of a rebuilt index even what is missing now comes back: only what the pack lost is damaged for good.
      const lost = new Set(damagedPoints.map(({ id }) => id))
      return { backend, kept: kept.filter(({ point }) => !lost.has(point.id)) }
    },
    run: async (vault) => void (await vault.repair({ dropPoints: true, dryRun: false })),
  },
]

async function spoil(backend: Backend, kind: 'pack' | 'index', name: string): Promise<void> {
  const content = await backend.read(kind, name)
  content[3] = (content[3] ?? 0) ^ 1
  await backend.put(kind, name, [content])
}

const keys: readonly Operation[] = [
  { name: 'a new key', prepare, run: async (vault) => void (await vault.keys.add(NEXT_PASSWORD)) },
  { name: 'a change of the password', prepare, run: async (vault) => void (await vault.keys.change(NEXT_PASSWORD)) },
  {
    name: 'the removal of keys',
    async prepare() {
      const prepared = await prepare()
      await using vault = await openAny(prepared.backend)
      for (let n = 0; n < 3; n += 1) await vault.keys.add(NEXT_PASSWORD)
      return prepared
    },
    async run(vault) {
      for (const { id, current } of await vault.keys.list()) if (!current) await vault.keys.remove(id)
    },
    async judge(vault) {
      if ((await vault.keys.list()).length !== 1) throw new Error('keys are left')
    },
  },
]

export const OPERATIONS: readonly Operation[] = [...backups, ...removals, joined, ...keys]
