// Disks behind NBD servers that fail, are slow, vanish or lie while a vault stores them: it is told, and never becomes a point that is wrong.
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import net from 'node:net'
import { describe, expect, test } from 'vitest'
import { type DiskAddress, NbdError, type NbdNetwork, onNetwork } from '../../src/blocks/index.ts'
import type { Json } from '../../src/values/index.ts'
import type { Vault } from '../../src/vault/index.ts'
import { nbdkitAt } from '../peers/nbd-peers.ts'
import { peer } from '../peers/peer.ts'
import { createFolder, createVault, MiB, noise, pointOf, readBack, whole, writeDisk } from '../vault/world.ts'

const CONTENT = Buffer.concat([noise(1, 3 * MiB), Buffer.alloc(2 * MiB), noise(2, 3 * MiB)])

/** Unix sockets of this host, and no waiting: who would wait calls `onWait` instead. */
const withoutWaiting = (onWait: (waits: number) => void = () => {}): NbdNetwork => {
  let waits = 0
  return {
    async connect(endpoint, stop) {
      if (!('path' in endpoint)) throw new Error('not a unix socket')
      const socket = net.createConnection(endpoint.path)
      stop.addEventListener('abort', () => socket.destroy(), { once: true })
      await once(socket, 'connect').catch((cause: unknown) => {
        throw new NbdError('unreachable', 'nobody listens', { cause })
      })
      return socket
    },
    listen: () => Promise.reject(new Error('nobody listens here')),
    async sleep() {
      waits += 1
      onWait(waits)
    },
    after: () => () => {},
  }
}

interface World extends AsyncDisposable {
  readonly vault: Vault
  /** The disk behind a server; `args` come before the plugin, `settings` behind. */
  serve(args?: readonly string[], settings?: readonly string[], disk?: string): Disposable
  readonly disk: string
  readonly source: DiskAddress
  readonly file: (name: string) => string
}

async function createWorld(): Promise<World> {
  const folder = await createFolder()
  const vault = await createVault(folder.path, { keyCost: 1024, checkpointBytes: 2 * MiB })
  const disk = folder.file('disk')
  await writeDisk(disk, CONTENT)
  await mkdir(folder.file('socket'))
  const path = folder.file('socket/nbd')
  return {
    vault,
    disk,
    source: { kind: 'nbd-unix', path, exportName: '' },
    serve: (args = [], settings = [], of = disk) => nbdkitAt(path, '-r', ...args, 'file', of, ...settings),
    file: folder.file,
    async [Symbol.asyncDispose]() {
      await vault.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

interface Tried {
  readonly checkpoint?: { load: () => Json | undefined; save: (value: Json) => Promise<void> }
  readonly onProgress?: () => void
}

async function backUp({ vault, source }: World, more: Tried = {}): Promise<string> {
  const sizeBytes = CONTENT.length
  const ide0 = await vault.storeDisk({ disk: 'ide0', sizeBytes, source, map: whole(sizeBytes), ...more })
  return (await vault.commitPoint(pointOf('run-1', { ide0 }))).id
}

/** No point, nothing damaged; and once a server behaves, the same backup is whole. */
async function expectHarmless(world: World): Promise<void> {
  expect(await world.vault.points()).toEqual([])
  expect(await world.vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  using _server = world.serve()
  const id = await onNetwork(withoutWaiting(), () => backUp(world))
  expect((await readBack(world.vault, id)).equals(CONTENT)).toBe(true)
}

describe.skipIf(!peer('nbdkit', 'nbdkit'))('a backup from an NBD server', { timeout: 3_600_000 }, () => {
  test.each(['EIO', 'EPERM', 'ENOMEM', 'ESHUTDOWN', 'EINVAL'])(
    'that answers %s to every read fails and makes no point',
    async (errno) => {
      await using world = await createWorld()
      {
        using _server = world.serve(['--filter=error'], [`error-pread=${errno}`, 'error-pread-rate=100%'])
        await expect(onNetwork(withoutWaiting(), () => backUp(world))).rejects.toMatchObject({
          code: 'SOURCE_FAILED',
          message: expect.stringContaining(errno),
        })
      }
      await expectHarmless(world)
    },
  )

  test('that answers errors now and then is whole', async () => {
    await using world = await createWorld()
    using _server = world.serve(['--filter=error'], ['error-pread=EIO', 'error-pread-rate=20%'])
    const id = await onNetwork(withoutWaiting(), () => backUp(world))
    expect((await readBack(world.vault, id)).equals(CONTENT)).toBe(true)
  })

  test('that is slow is whole', async () => {
    await using world = await createWorld()
    using _server = world.serve(['--filter=delay'], ['delay-read=50ms'])
    const id = await onNetwork(withoutWaiting(), () => backUp(world))
    expect((await readBack(world.vault, id)).equals(CONTENT)).toBe(true)
  })

  test('whose own retries hide a medium that comes and goes is whole', async () => {
    await using world = await createWorld()
    const filters = ['--filter=retry', '--filter=error']
    using _server = world.serve(filters, ['retries=20', 'retry-delay=1', 'retry-exponential=no', 'error-pread-rate=10%'])
    const id = await onNetwork(withoutWaiting(), () => backUp(world))
    expect((await readBack(world.vault, id)).equals(CONTENT)).toBe(true)
  })

  test('that vanishes for good fails and makes no point', async () => {
    await using world = await createWorld()
    const server = world.serve()
    let ended = false
    const onProgress = (): void => {
      if (!ended) server[Symbol.dispose]()
      ended = true
    }
    await expect(onNetwork(withoutWaiting(), () => backUp(world, { onProgress }))).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
    })
    await expectHarmless(world)
  })

  test('that is started again goes on, and from its checkpoint where that took too long', async () => {
    await using world = await createWorld()
    let saved: Json | undefined
    const checkpoint = {
      load: () => saved,
      save: async (value: Json) => {
        saved = value
      },
    }
    let server = world.serve()
    let ended = false
    const onProgress = (): void => {
      if (ended || saved === undefined) return
      ended = true
      server[Symbol.dispose]()
    }
    await expect(onNetwork(withoutWaiting(), () => backUp(world, { onProgress, checkpoint }))).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
    })
    expect(saved).toBeDefined()

    server = world.serve()
    let state: 'there' | 'away' | 'back' = 'there'
    const goesAway = (): void => {
      if (state !== 'there') return
      state = 'away'
      server[Symbol.dispose]()
    }
    const comesBack = withoutWaiting(() => {
      if (state !== 'away') return
      state = 'back'
      server = world.serve()
    })
    const id = await onNetwork(comesBack, () => backUp(world, { checkpoint, onProgress: goesAway }))
    expect(state).toBe('back')
    server[Symbol.dispose]()
    expect((await readBack(world.vault, id)).equals(CONTENT)).toBe(true)
  })

  test('that comes back with a disk of another size is not believed', async () => {
    await using world = await createWorld()
    await writeDisk(world.file('larger'), Buffer.concat([CONTENT, noise(9, MiB)]))
    let server = world.serve()
    let ended = false
    const onProgress = (): void => {
      if (!ended) server[Symbol.dispose]()
      ended = true
    }
    let isBack = false
    const comesBack = withoutWaiting(() => {
      if (!isBack) server = world.serve([], [], world.file('larger'))
      isBack = true
    })
    await expect(onNetwork(comesBack, () => backUp(world, { onProgress }))).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      message: expect.stringContaining(`now has ${CONTENT.length + MiB}`),
    })
    server[Symbol.dispose]()
    await expectHarmless(world)
  })

  test('whose disk is smaller than the map says is refused before anything is read', async () => {
    await using world = await createWorld()
    {
      using _server = world.serve(['--filter=truncate'], [`truncate=${5 * MiB}`])
      await expect(onNetwork(withoutWaiting(), () => backUp(world))).rejects.toMatchObject({ code: 'SOURCE_TOO_SMALL' })
    }
    await expectHarmless(world)
  })

  test('that has fewer bytes than it says fails', async () => {
    await using world = await createWorld()
    {
      const short = `dd if=${world.disk} skip=$4 count=$(( $3 / 2 )) iflag=count_bytes,skip_bytes status=none`
      const path = world.source.kind === 'nbd-unix' ? world.source.path : ''
      using _server = nbdkitAt(path, 'eval', `get_size=echo ${CONTENT.length}`, `pread=${short}`)
      await expect(onNetwork(withoutWaiting(), () => backUp(world))).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
    }
    await expectHarmless(world)
  })
})
