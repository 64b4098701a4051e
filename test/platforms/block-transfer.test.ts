import { createReadStream } from 'node:fs'
import { mkdir, readdir, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type DiskAddress, type Extent, type NbdServer, serveNbd } from '../../src/blocks/index.ts'
import { systemClock } from '../../src/engine/index.ts'
import { type ActionContext, ActionFailure, type Failure, loadPack, type Progress } from '../../src/packs/index.ts'
import { blockTransferHandlers } from '../../src/platforms/block-transfer/index.ts'
import { type Json, type JsonObject, validator } from '../../src/values/index.ts'
import { findKey } from '../../src/vault/format/keys.ts'
import { takeLock } from '../../src/vault/format/locks.ts'
import { initVault, localBackend } from '../../src/vault/index.ts'
import { createFolder, MiB, noise, PASSWORD, whole, writeDisk } from '../vault/world.ts'

const VAULT = { $target: 'vault', connection: 'block-transfer/Vault' }
const { pack, diagnostics } = await loadPack(join(import.meta.dirname, '../../runbooks/block-transfer'))
if (!pack) throw new Error(diagnostics.map(({ message }) => message).join('\n'))

interface World extends AsyncDisposable {
  readonly folder: Awaited<ReturnType<typeof createFolder>>
  /** Input and output are held against the manifest. */
  call(action: string, input: JsonObject): Promise<JsonObject>
  failureOf(action: string, input: JsonObject): Promise<Failure>
  readonly progress: Progress[]
  checkpoint: Json | undefined
  signal: AbortSignal
  runId: string
}

async function createWorld(): Promise<World> {
  const folder = await createFolder()
  await initVault(folder.file('vault'), PASSWORD)
  const world: World = {
    folder,
    progress: [],
    checkpoint: undefined,
    signal: new AbortController().signal,
    runId: 'run-1',
    async call(action, given) {
      const input = { vault: VAULT, ...given }
      const declared = pack?.actions[`block-transfer/${action}`] ?? pack?.actions[action]
      const handler = blockTransferHandlers[`block-transfer/${action}`]
      if (!declared || !handler) throw new Error(`no action ${action}`)
      expect(validator(declared.input).problems(input)).toEqual([])
      const output = await handler(input, contextOf(world))
      expect(validator(declared.output).problems(output)).toEqual([])
      return output
    },
    async failureOf(action, input) {
      const error = await world.call(action, input).catch((cause: unknown) => cause)
      if (!(error instanceof ActionFailure)) throw error
      const declared = pack?.actions[`block-transfer/${action}`] ?? pack?.actions[action]
      expect(Object.keys(declared?.failures ?? {})).toContain(error.failure.type)
      expect(declared?.failures[error.failure.type]).toMatchObject({
        retryable: error.failure.retryable,
        applied: error.failure.applied,
      })
      return error.failure
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
  return world
}

function startRun(world: World, runId: string): void {
  world.runId = runId
  world.checkpoint = undefined
}

function contextOf(world: World): ActionContext {
  return {
    runId: world.runId,
    path: 'backup/copy',
    key: '00000000-0000-4000-8000-000000000000',
    signal: world.signal,
    clock: systemClock,
    connection: ({ $target }) => ({
      target: $target,
      type: 'block-transfer/Vault',
      settings: { directory: world.folder.file('vault'), password: PASSWORD },
    }),
    progress: (progress) => void world.progress.push(progress),
    assertOwner: () => {},
    checkpoint: {
      load: () => world.checkpoint,
      save: async (value) => {
        world.checkpoint = value
      },
    },
  }
}

const source = (disk: string, sizeBytes: number, address: DiskAddress) => ({ disk, sizeBytes, address }) as unknown as JsonObject
const map = (disk: string, extents: readonly Extent[]) => ({ disk, extents }) as unknown as JsonObject

const commitInput = (disks: Json, more: JsonObject = {}): JsonObject => ({
  vm: 'vm-1',
  name: 'erp-db',
  level: 'full',
  consistency: 'crash',
  checkpoint: '8589934593',
  config: { name: 'erp-db', cpus: 2 },
  platform: { pack: 'test', azId: 'az-1' },
  disks,
  ...more,
})

const servers: NbdServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
})

/** An NBD export of these bytes that is gone after so many reads. */
async function serve(content: Buffer, reads = Number.POSITIVE_INFINITY): Promise<DiskAddress> {
  let left = reads
  const gone = new AbortController()
  const server = await serveNbd({
    listen: { host: '127.0.0.1', port: 0 },
    resolve: async () => {
      if (gone.signal.aborted) return undefined
      return {
        sizeBytes: content.length,
        readOnly: true,
        gone: gone.signal,
        async read(offsetBytes, into) {
          left -= 1
          if (left < 0) gone.abort(new Error('the lease is gone'))
          content.copy(into, 0, offsetBytes)
        },
        extents: async (offsetBytes, lengthBytes) => [{ offsetBytes, lengthBytes, kind: 'data' }],
      }
    },
  })
  servers.push(server)
  return { kind: 'nbd', host: '127.0.0.1', port: server.port, exportName: 'disk' }
}

async function bytesOf(path: string): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of createReadStream(path)) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

describe('block-transfer', () => {
  test('backs a VM up full, then incremental, and writes the second point back', async () => {
    await using world = await createWorld()
    expect(await world.call('point.last', { vm: 'vm-1' })).toEqual({ found: false, disks: [] })

    const before = { ide0: noise(1, 3 * MiB), ide1: Buffer.concat([noise(2, MiB), Buffer.alloc(MiB)]) }
    const full = await world.call('copy', {
      vm: 'vm-1',
      level: 'full',
      sources: [source('ide0', 3 * MiB, await serve(before.ide0)), source('ide1', 2 * MiB, await serve(before.ide1))],
      maps: [
        map('ide0', whole(3 * MiB)),
        map('ide1', [
          { offsetBytes: 0, lengthBytes: MiB, kind: 'data' },
          { offsetBytes: MiB, lengthBytes: MiB, kind: 'hole' },
        ]),
      ],
    })
    expect(full).toMatchObject({ bytesRead: 4 * MiB, bytesUnchanged: 0 })
    const first = await world.call('point.commit', commitInput(full.disks ?? null))
    expect(await world.call('point.last', { vm: 'vm-1' })).toMatchObject({
      found: true,
      pointId: first.pointId,
      checkpoint: '8589934593',
      disks: [
        { disk: 'ide0', sizeBytes: 3 * MiB },
        { disk: 'ide1', sizeBytes: 2 * MiB },
      ],
    })

    startRun(world, 'run-2')
    const after = Buffer.from(before.ide0)
    noise(3, 100).copy(after, MiB + 5)
    const incremental = await world.call('copy', {
      vm: 'vm-1',
      level: 'incremental',
      basePointId: first.pointId ?? null,
      sources: [source('ide0', 3 * MiB, await serve(after)), source('ide1', 2 * MiB, await serve(before.ide1))],
      maps: [
        map('ide0', [
          { offsetBytes: 0, lengthBytes: MiB, kind: 'unchanged' },
          { offsetBytes: MiB, lengthBytes: 65_536, kind: 'data' },
          { offsetBytes: MiB + 65_536, lengthBytes: 2 * MiB - 65_536, kind: 'unchanged' },
        ]),
        map('ide1', whole(2 * MiB, 'unchanged')),
      ],
    })
    expect(incremental).toMatchObject({ bytesRead: MiB, bytesUnchanged: 4 * MiB })
    const second = await world.call('point.commit', commitInput(incremental.disks ?? null, { level: 'incremental' }))
    expect(await world.call('point.get', { pointId: 'latest', vm: 'vm-1' })).toMatchObject({
      pointId: second.pointId,
      config: { name: 'erp-db', cpus: 2 },
      platform: { azId: 'az-1' },
    })

    const written = await world.call('write', {
      pointId: second.pointId ?? null,
      targets: [
        source('ide0', 3 * MiB, { kind: 'file', path: world.folder.file('a') }),
        source('ide1', 2 * MiB, { kind: 'file', path: world.folder.file('b') }),
      ],
    })
    expect(written).toEqual({ bytesWritten: 4 * MiB, sizeBytes: 5 * MiB })
    expect((await bytesOf(world.folder.file('a'))).equals(after)).toBe(true)
    expect((await bytesOf(world.folder.file('b'))).equals(before.ide1)).toBe(true)
    expect(await world.call('point.verify', { data: true })).toMatchObject({ points: 2 })
    expect(world.progress.at(-1)?.totalBytes).toBeGreaterThan(0)
  })

  test('fails as sourceLost, which may be tried again, when the connection is cut; the next attempt goes on', {
    timeout: 60_000,
  }, async () => {
    await using world = await createWorld()
    const content = noise(4, 8 * MiB)
    const input = async (address: DiskAddress): Promise<JsonObject> => ({
      vm: 'vm-1',
      level: 'full',
      sources: [source('ide0', content.length, address)],
      maps: [map('ide0', whole(content.length))],
    })
    const failure = await world.failureOf('copy', await input(await serve(content, 4)))
    expect(failure).toMatchObject({ type: 'sourceLost', retryable: true, applied: 'no' })
    const copied = await world.call('copy', await input(await serve(content)))
    const { pointId } = await world.call('point.commit', commitInput(copied.disks ?? null))
    await world.call('write', {
      pointId: pointId ?? null,
      targets: [source('ide0', content.length, { kind: 'file', path: world.folder.file('out') })],
    })
    expect((await bytesOf(world.folder.file('out'))).equals(content)).toBe(true)
  })

  test('does not read a disk again whose checkpoint says that it is stored', async () => {
    await using world = await createWorld()
    const content = noise(5, 2 * MiB)
    const input = {
      vm: 'vm-1',
      level: 'full',
      sources: [source('ide0', 2 * MiB, await serve(content))],
      maps: [map('ide0', whole(2 * MiB))],
    }
    const once = await world.call('copy', input)
    const again = await world.call('copy', input)
    expect(again).toMatchObject({ bytesRead: 0, bytesStored: 0 })
    expect(again.disks).toMatchObject([{ disk: 'ide0', treeId: (once.disks as readonly JsonObject[])[0]?.treeId }])
  })

  test('commits the same point however often a run repeats it, and another in the next run', async () => {
    await using world = await createWorld()
    const address = await writeDisk(world.folder.file('disk'), noise(6, MiB))
    const { disks } = await world.call('copy', {
      vm: 'vm-1',
      level: 'full',
      sources: [source('ide0', MiB, address)],
      maps: [map('ide0', whole(MiB))],
    })
    const first = await world.call('point.commit', commitInput(disks ?? null))
    expect(await world.call('point.commit', commitInput(disks ?? null))).toEqual(first)
    startRun(world, 'run-2')
    expect((await world.call('point.commit', commitInput(disks ?? null))).pointId).not.toBe(first.pointId)
  })

  test("ends with the signal's reason when it is cancelled", async () => {
    await using world = await createWorld()
    const stop = new AbortController()
    world.signal = stop.signal
    const content = noise(7, 6 * MiB)
    world.progress.push = (..._) => {
      stop.abort(new Error('cancelled by the operator'))
      return 0
    }
    const input = {
      vm: 'vm-1',
      level: 'full',
      sources: [source('ide0', content.length, await serve(content))],
      maps: [map('ide0', whole(content.length))],
    }
    await expect(world.call('copy', input)).rejects.toThrow('cancelled by the operator')
    await expect(world.call('point.last', { vm: 'vm-1' })).resolves.toMatchObject({ found: false })
  })

  test('refuses what cannot be right, in declared ways', async () => {
    await using world = await createWorld()
    const address = await writeDisk(world.folder.file('disk'), noise(8, MiB))
    const sources = [source('ide0', MiB, address)]
    const copy = (maps: readonly JsonObject[], more: JsonObject = {}) =>
      world.failureOf('copy', { vm: 'vm-1', level: 'full', sources, maps, ...more })
    expect(await copy([])).toMatchObject({ type: 'mapUnusable', message: 'the map of disk ide0 cannot be used: there is none' })
    expect(await copy([map('ide0', whole(MiB, 'unchanged'))])).toMatchObject({ type: 'mapUnusable' })
    expect(await copy([map('ide0', whole(MiB))], { basePointId: 'abcd' })).toMatchObject({ type: 'pointUnknown' })
    expect(await world.failureOf('point.get', { pointId: 'abcd' })).toMatchObject({ type: 'pointUnknown' })
    const disks = [{ disk: 'ide0', treeId: 'ab'.repeat(32), sizeBytes: MiB }]
    expect(await world.failureOf('point.commit', commitInput(disks))).toMatchObject({ type: 'vaultUnusable' })
    await writeDisk(world.folder.file('small'), noise(9, 10))
    const copied = await world.call('copy', { vm: 'vm-1', level: 'full', sources, maps: [map('ide0', whole(MiB))] })
    const { pointId } = await world.call('point.commit', commitInput(copied.disks ?? null))
    const targets = [source('ide0', MiB, { kind: 'file', path: world.folder.file('small') })]
    expect(await world.failureOf('write', { pointId: pointId ?? null, targets })).toMatchObject({ type: 'targetTooSmall' })
  })

  test('backs folders up in full, then what changed, and writes them back', async () => {
    await using world = await createWorld()
    await mkdir(world.folder.file('mnt/D'), { recursive: true })
    await writeFile(world.folder.file('mnt/D/a'), noise(1, 1000))
    await writeFile(world.folder.file('mnt/D/b'), noise(2, 1000))
    const input = {
      vm: 'vm-1',
      name: 'erp-db',
      folders: [{ name: 'letters/D', path: world.folder.file('mnt/D') }],
      consistency: 'filesystem',
      platform: { pack: 'test' },
    }
    const full = await world.call('files.backup', { ...input, level: 'incremental' })
    expect(full).toMatchObject({ level: 'full', files: 2, filesUnchanged: 0, bytesRead: 2000, problemCount: 0 })
    expect(await world.call('files.backup', { ...input, level: 'full' })).toEqual(full)
    startRun(world, 'run-2')
    await writeFile(world.folder.file('mnt/D/b'), noise(3, 1500))
    const next = await world.call('files.backup', { ...input, level: 'differential' })
    expect(next).toMatchObject({ level: 'differential', files: 2, filesUnchanged: 1, bytesRead: 1500 })
    // Points of files are no base for disks.
    expect(await world.call('point.last', { vm: 'vm-1' })).toMatchObject({ found: false })
    expect(await world.failureOf('point.get', { pointId: 'latest', vm: 'vm-1' })).toMatchObject({ type: 'pointUnknown' })

    const restored = { pointId: 'latest', vm: 'vm-1', to: world.folder.file('restored') }
    expect(await world.call('files.restore', restored)).toMatchObject({ files: 2, bytesWritten: 2500, problemCount: 0 })
    expect(await bytesOf(world.folder.file('restored/letters/D/b'))).toEqual(noise(3, 1500))
    const missing = { ...restored, include: ['letters/E'] }
    expect(await world.failureOf('files.restore', missing)).toMatchObject({ type: 'pointUnknown' })
    startRun(world, 'run-3')
    const lost = { ...input, folders: [{ name: 'D', path: world.folder.file('mnt/gone') }], level: 'full' }
    expect(await world.failureOf('files.backup', lost)).toMatchObject({ type: 'filesNotStored' })
    expect(await world.call('files.backup', { ...lost, onProblem: 'accept' })).toMatchObject({
      problemCount: 1,
      problems: [{ path: world.folder.file('mnt/gone'), trouble: 'vanished' }],
    })
    startRun(world, 'run-4')
    expect(await world.failureOf('files.backup', { ...lost, folders: [{ name: 'D', path: 'mnt' }] })).toMatchObject({
      type: 'foldersInvalid',
    })
  })

  test('finds a damaged point, and refuses to restore from it', async () => {
    await using world = await createWorld()
    const address = await writeDisk(world.folder.file('disk'), noise(9, MiB))
    const copy = { vm: 'vm-1', level: 'full', sources: [source('ide0', MiB, address)], maps: [map('ide0', whole(MiB))] }
    const { disks } = await world.call('copy', copy)
    const { pointId } = await world.call('point.commit', commitInput(disks ?? null))
    for (const file of await readdir(world.folder.file('vault/data'), { recursive: true, withFileTypes: true })) {
      const path = join(file.parentPath, file.name)
      if (file.isFile() && (await stat(path)).size > MiB) await truncate(path, 1000)
    }
    const failure = await world.failureOf('point.verify', { pointId: pointId ?? null })
    expect(failure.type).toBe('pointDamaged')
    expect(failure.message).toMatch(
      /^a restore point is damaged; [0-9a-f]{10}: disks\/ide0: a blob in pack [0-9a-f]{10} is beyond the end of the pack$/,
    )
    const targets = [source('ide0', MiB, { kind: 'file', path: world.folder.file('out') })]
    expect(await world.failureOf('write', { pointId: pointId ?? null, targets })).toMatchObject({
      type: 'vaultUnusable',
      detail: { code: 'VAULT_FILE_DAMAGED' },
    })
  })

  test('says who has the vault for himself', async () => {
    await using world = await createWorld()
    const backend = localBackend(world.folder.file('vault'))
    const lock = await takeLock(backend, await findKey(backend, PASSWORD), true, Date.now)
    const failure = await world.failureOf('point.verify', {})
    expect(failure).toMatchObject({ type: 'vaultLocked', retryable: true })
    expect(failure.message).toContain(`locked exclusively by process ${process.pid}`)
    await lock.release()
    await world.call('point.verify', {})
  })
})
