// What a vault does where its storage, or the target of a restore, is full: `vault-full-child.ts FOLDER`, a folder on a small file system of its own.
// Prints a line of JSON for each try.
import { appendFile, mkdir, open, readFile, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { initVault, type PointSummary, type Vault } from '../../src/vault/index.ts'
import { backUpFolder } from '../vault/file-world.ts'
import { CHUNK } from '../vault/prune-world.ts'
import { backUp, noise, PASSWORD, readBack, writeDisk } from '../vault/world.ts'
import { openHere } from './vault-child.ts'

const KIB = 1024
const CHUNKS = 256
const EARLIER = noise(1, CHUNKS * CHUNK)
const KEPT = Buffer.concat([EARLIER.subarray(0, EARLIER.length / 2), noise(2, (CHUNKS * CHUNK) / 2)])
const LATER = noise(3, CHUNKS * CHUNK)

/** From no room at all, not even for a lock, to enough. */
const ROOMS_KIB = [0, 8, 520, 8192] as const

export interface Try {
  readonly operation: string
  readonly roomKib: number
  /** Of its failure; absent where it went through. */
  readonly code?: string
  readonly message?: string
  /** What is wrong with what was there before, or with the same done again once there is room. */
  readonly harm: readonly string[]
}

interface World {
  readonly folder: string
  readonly vault: Vault
  readonly kept: PointSummary
  readonly files: PointSummary
}

/** Each may be done again after it failed. */
const OPERATIONS: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  backup: async ({ folder, vault }) => backUp(vault, 'run-3', { kind: 'file', path: join(folder, 'later') }, LATER.length),
  'backup of files': ({ folder, vault }) => backUpFolder(vault, 'run-4', join(folder, 'more'), { vm: 'vm-2' }),
  prune: ({ vault }) => vault.prune({ dryRun: false, maxUnused: 0 }),
  'restore of a disk': async ({ folder, vault, kept }) => {
    await vault.restoreDisk({ pointId: kept.id, disk: 'ide0', target: { kind: 'file', path: join(folder, 'restored') } })
    if (!(await readFile(join(folder, 'restored'))).equals(KEPT)) throw new Error('the restored disk differs')
  },
  'restore of files': async ({ folder, vault, files }) => {
    const { problems } = await vault.restoreFiles({ pointId: files.id, to: join(folder, 'restored-files') })
    if (problems.count > 0) throw new Error(JSON.stringify(problems))
  },
}

/** A vault of which a prune can free something, and what the operations read. */
async function prepare(folder: string): Promise<void> {
  await initVault(join(folder, 'vault'), PASSWORD, { keyCost: 1024 })
  await using vault = await openHere(join(folder, 'vault'))
  const earlier = await backUp(vault, 'run-1', await writeDisk(join(folder, 'disk'), EARLIER), EARLIER.length)
  await backUp(vault, 'run-2', await writeDisk(join(folder, 'disk'), KEPT), KEPT.length)
  for (const [name, seed] of [
    ['some', 100],
    ['more', 200],
  ] as const) {
    await mkdir(join(folder, name))
    for (let n = 0; n < 10; n += 1) await appendFile(join(folder, name, `file-${n}`), noise(n + seed, 100_000 + n))
  }
  await backUpFolder(vault, 'run-2', join(folder, 'some'))
  await vault.forget({ pointIds: [earlier.id], dryRun: false })
  await writeDisk(join(folder, 'later'), LATER)
}

/** Takes all but so much of the file system. */
async function fill(path: string, roomBytes: number): Promise<void> {
  await using file = await open(path, 'w')
  const block = Buffer.alloc(4 * KIB, 1)
  for (;;) {
    const { bavail, bsize } = await statfs(path)
    const blocks = Math.floor((bavail * bsize - roomBytes) / block.length)
    if (blocks <= 0) return
    for (let n = 0; n < blocks; n += 1) await file.write(block)
  }
}

async function openWorld(folder: string): Promise<World & AsyncDisposable> {
  const vault = await openHere(join(folder, 'vault'))
  const [kept] = await vault.points({ kind: 'disks' })
  const [files] = (await vault.points({ kind: 'files' })).filter(({ run }) => run === 'run-2')
  if (!kept || !files) throw new Error('a point is gone')
  return { folder, vault, kept, files, [Symbol.asyncDispose]: () => vault[Symbol.asyncDispose]() }
}

async function tryWith(operation: string, roomKib: number, folder: string): Promise<Try> {
  await mkdir(folder)
  await prepare(folder)
  const run = OPERATIONS[operation]
  if (!run) throw new Error(`no operation ${operation}`)
  await fill(join(folder, 'ballast'), roomKib * KIB)
  const failure = await attempt(async () => {
    await using world = await openWorld(folder)
    await run(world)
  })
  const harm: string[] = []
  await rm(join(folder, 'ballast'))
  await using world = await openWorld(folder)
  const { problems, damagedPoints } = await world.vault.verify({ data: true })
  if (problems.length > 0 || damagedPoints.length > 0) harm.push(JSON.stringify({ problems, damagedPoints }))
  const kept = (await world.vault.points({ kind: 'disks' })).find(({ run: by }) => by === 'run-2')
  if (!(await readBack(world.vault, kept?.id ?? '')).equals(KEPT)) harm.push('the earlier point differs')
  const again = await attempt(() => run(world))
  if (again.code !== undefined) harm.push(`once there is room: ${again.message}`)
  await rm(folder, { recursive: true })
  return { operation, roomKib, ...failure, harm }
}

async function attempt(work: () => Promise<unknown>): Promise<{ readonly code?: string; readonly message?: string }> {
  try {
    await work()
    return {}
  } catch (error) {
    const { code = 'none', message } = error as { readonly code?: string; readonly message: string }
    return { code, message }
  }
}

const [, , folder = ''] = process.argv
for (const operation of Object.keys(OPERATIONS)) {
  for (const roomKib of ROOMS_KIB) console.log(JSON.stringify(await tryWith(operation, roomKib, join(folder, 'world'))))
}
