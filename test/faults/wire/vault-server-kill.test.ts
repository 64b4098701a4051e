// P7: kill -9 of a process that backs up into a vault on a server and removes from it, at requests and bytes of its wire.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { backendAt, carry } from '../../../src/vault/backends/index.ts'
import { type BackendAddress, localBackend } from '../../../src/vault/index.ts'
import { peer } from '../../peers/peer.ts'
import { startS3 } from '../../s3/server.ts'
import { startSshd } from '../../ssh/sshd.ts'
import { copyBackend } from '../../vault/failing-backend.ts'
import { backUp, createFolder, noise, readBack, writeDisk } from '../../vault/world.ts'
import { byEffort } from '../kill/kill.ts'
import { AFTER, BEFORE, openAt, prepare } from '../vault-interrupted.ts'
import { backUpAndRemove, openThere } from './vault-server-child.ts'

const PROGRAM = join(import.meta.dirname, 'vault-server-child.ts')
/** At how many moments of its work it is killed. */
const KILLS = byEffort({ desk: 2, ci: 12, all: 1000 })

async function createTemplate() {
  const folder = await createFolder()
  const { template, first } = await prepare(folder.path)
  await using vault = await openAt(template)
  const old = noise(7, 3 * 65_536)
  const { id: oldId } = await backUp(vault, 'run-0', await writeDisk(folder.file('old'), old), old.length, { vm: 'vm-old' })
  const start = (address: BackendAddress) => {
    const args = [PROGRAM, JSON.stringify(carry(address)), folder.path, first.id, oldId]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    return { child, ended: Promise.all([once(child, 'close'), text(child.stderr)]) }
  }

  /** The earlier point is whole, nothing visible is damaged, and the same work then succeeds. */
  async function expectIntact(address: BackendAddress): Promise<void> {
    await using died = await openThere(address)
    expect(await died.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
    expect((await readBack(died, first.id)).equals(BEFORE)).toBe(true)
    await backUpAndRemove(died, folder.path, first.id, oldId)
    expect(await died.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [], unusedPacks: 0 })
    const points = await died.points()
    expect(points).toHaveLength(2)
    for (const [n, content] of [AFTER, BEFORE].entries())
      expect((await readBack(died, points[n]?.id ?? '')).equals(content)).toBe(true)
  }

  return { folder, template, start, expectIntact, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

/** So many of them, spread evenly. */
const momentsOf = (count: number): readonly number[] => {
  const kills = Math.min(KILLS, count)
  return Array.from({ length: kills }, (_, n) => 1 + Math.floor((n * count) / kills))
}

test.each(['before', 'after'] as const)(
  'P7: kill -9 %s requests to a bucket leaves earlier points whole, and the work can be repeated',
  {
    timeout: 3_600_000,
  },
  async (when) => {
    await using world = await createTemplate()
    let fatal: { at: number; kill(): void } | undefined
    let requests = 0
    await using server = await startS3({
      instead: (request) => {
        requests += 1
        if (!fatal || requests !== fatal.at) return false
        fatal.kill()
        if (when === 'before') request.socket.destroy()
        return when === 'before'
      },
    })
    const runAt = async (at: number | undefined) => {
      const address = { kind: 's3', ...server.bucket, prefix: `at-${at ?? 'never'}` } as const
      const backend = await backendAt(address)
      await copyBackend(localBackend(world.template), backend)
      await backend.close?.()
      requests = 0
      const { child, ended } = world.start(address)
      if (at !== undefined) fatal = { at, kill: () => child.kill('SIGKILL') }
      const [[code, signal], errors] = await ended
      fatal = undefined
      expect({ code, signal, errors: code === 0 || signal ? '' : errors }, `at request ${at}`).toEqual(
        at === undefined ? { code: 0, signal: null, errors: '' } : { code: null, signal: 'SIGKILL', errors: '' },
      )
      const count = requests
      await world.expectIntact(address)
      return count
    }
    const count = await runAt(undefined)
    expect(count).toBeGreaterThan(30)
    const moments = momentsOf(count)
    for (const at of moments) await runAt(at)
    console.info(`killed ${when} ${moments.length} of ${count} requests to a bucket`)
  },
)

test.skipIf(!peer('sshd', 'openssh-server'))(
  'P7: kill -9 in the middle of what goes over SFTP leaves earlier points whole, and the work can be repeated',
  { timeout: 3_600_000 },
  async () => {
    await using world = await createTemplate()
    await using sshd = await startSshd()
    const runAt = async (at: number | undefined) => {
      const directory = world.folder.file(`at-${at ?? 'never'}`)
      await cp(world.template, directory, { recursive: true })
      const before = sshd.movedBytes()
      const { child, ended } = world.start({ kind: 'sftp', host: sshd.host, directory })
      if (at !== undefined) sshd.whenMoved(at, () => child.kill('SIGKILL'))
      const [[code, signal], errors] = await ended
      expect({ code, signal, errors: code === 0 || signal ? '' : errors }, `at byte ${at}`).toEqual(
        at === undefined ? { code: 0, signal: null, errors: '' } : { code: null, signal: 'SIGKILL', errors: '' },
      )
      const count = sshd.movedBytes() - before
      await world.expectIntact({ kind: 'local', directory })
      return count
    }
    const count = await runAt(undefined)
    // Handshakes differ by some bytes from run to run.
    const moments = momentsOf(count - 4096)
    for (const at of moments) await runAt(at)
    console.info(`killed after ${moments.length} of ${count} bytes over SFTP`)
  },
)
