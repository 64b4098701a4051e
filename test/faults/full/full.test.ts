// A disk that is full, for a real process: no file of it may grow beyond a limit. Storage that fails in other ways, for journal and vault, is
// rehearsed in test/rehearse.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Platform, type StartStandIn, platforms as shippedPlatforms } from '../../../src/platforms/index.ts'
import { startScpSimulator } from '../../../src/platforms/sangfor-scp/simulator/index.ts'
import { standInOf } from '../../../src/platforms/sangfor-scp/simulator/stand-in.ts'
import { peer } from '../../peers/peer.ts'
import { noise } from '../../vault/world.ts'
import { type Crew, makeEmptyVault, openCrewOf } from '../kill/crew.ts'
import { byEffort, child, limitedTo } from '../kill/kill.ts'
import { shipped } from '../kill/shipped.ts'

const KIB = 1024
const MIB = 1024 * KIB

let root: string
let emptyVault: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-full-'))
  emptyVault = join(root, 'empty-vault')
  await makeEmptyVault(emptyVault)
})
afterAll(() => rm(root, { recursive: true }))

/** One VM to be backed up, by a process that starts the run itself. */
function backupIn(name: string, platforms?: readonly Platform[]): Promise<Crew> {
  const scenes = shipped.filter((each) => each.name === 'sangfor-scp/vm-backup')
  const options = { folder: join(root, name), scenes, seed: name, emptyVault, isPrepared: false }
  return openCrewOf({ ...options, ...(platforms ? { platforms } : {}) })
}

/** With a VM whose disk holds what does not compress. */
const NOISY = shippedPlatforms.map((platform): Platform => {
  if (platform.pack !== 'sangfor-scp') return platform
  const start: StartStandIn = async ({ seed, startAtMs: startAt }) => {
    const scp = await startScpSimulator({ seed, rate: 0, startAt, listens: false })
    const { id } = scp.addVm({ name: 'noisy', disks: [{ bytes: noise(1, 8 * MIB) }] })
    return standInOf(scp, scp.addGroup('noisy', [id]), [id])
  }
  return { ...platform, standIn: async () => start }
})

const go = ({ folder }: Crew, limitBytes?: number) =>
  child('crew-child.ts', ['go', '0', folder], limitBytes === undefined ? [] : limitedTo(limitBytes))

const LIMITS_KIB = byEffort({ desk: [64, 288], ci: [8, 64, 192, 208, 224, 240, 256, 288, 320, 352, 384, 448] })

it.skipIf(!peer('prlimit', 'util-linux'))(
  'a run whose journal is full stops and says so, leaves nothing once there is room and it is resumed, and the vault stays whole (P1, P2, P7)',
  async () => {
    const told: string[] = []
    for (const limit of LIMITS_KIB) {
      await using crew = await backupIn(`journal-${limit}`)
      const { code, signal, errors } = await go(crew, limit * KIB)
      expect(signal, errors).toBeNull()
      if (code !== 0) expect(errors).toMatch(/journal\.sqlite cannot be (written|used as a journal): /)
      expect(await go(crew)).toMatchObject({ code: 0, errors: '' })
      const [judged] = await crew.judge()
      expect(judged?.violations, `${limit} KiB`).toEqual([])
      told.push(`${limit} KiB: ${code === 0 ? 'went through' : 'stopped'}, ${judged?.status} once resumed`)
    }
    console.log(`journals that were full: ${told.join('; ')}`)
    expect(told.filter((line) => line.includes('stopped')).length).toBeGreaterThan(1)
  },
  300_000,
)

it.skipIf(!peer('prlimit', 'util-linux'))(
  'a backup whose vault is full fails and leaves nothing, and the same backup is whole once there is room (P2, P7)',
  async () => {
    await using full = await backupIn('vault-full', NOISY)
    expect(await go(full, 5 * MIB)).toMatchObject({ code: 0, errors: '' })
    expect(await full.judge()).toMatchObject([
      { status: 'failed', failure: 'writing to the vault failed: EFBIG: file too large, write', equal: 0, violations: [] },
    ])
    await using roomy = await backupIn('vault-roomy', NOISY)
    expect(await go(roomy)).toMatchObject({ code: 0, errors: '' })
    expect(await roomy.judge()).toMatchObject([{ status: 'succeeded', equal: 1, violations: [] }])
  },
  300_000,
)
