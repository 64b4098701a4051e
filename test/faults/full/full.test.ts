// A disk that is full, for a real process: no file of it may grow beyond a limit. Storage that fails in other ways, for the vault, is
// rehearsed in test/rehearse.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { peer } from '../../peers/peer.ts'
import { child, takesAll } from '../kill/kill.ts'
import { openShipped, type ShippedStage } from '../kill/shipped.ts'

const KIB = 1024
const MIB = 1024 * KIB

let root: string
let stage: ShippedStage

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-full-'))
  stage = await openShipped(root)
})
afterAll(async () => {
  await stage[Symbol.asyncDispose]()
  await rm(root, { recursive: true })
})

const LIMITS_KIB = takesAll ? [8, 64, 192, 208, 224, 240, 256, 288, 320, 352, 384, 448] : [64, 288]

it.skipIf(!peer('prlimit', 'util-linux'))(
  'a run whose journal is full stops and says so, leaves nothing once there is room and it is resumed, and the vault stays whole (P1, P2, P7)',
  async () => {
    const told: string[] = []
    for (const limit of LIMITS_KIB) {
      const folder = await stage.folderOf('vm-backup', `journal-${limit}`)
      const { code, signal, errors } = await child('scp', ['run', '0', folder], limit * KIB)
      expect(signal, errors).toBeNull()
      if (code !== 0) expect(errors).toMatch(/journal\.sqlite cannot be (written|used as a journal): /)
      expect(await child('scp', ['resume', '0', folder])).toMatchObject({ code: 0, errors: '' })
      const { status, violations } = await stage.judge(folder)
      expect(violations, `${limit} KiB`).toEqual([])
      told.push(`${limit} KiB: ${code === 0 ? 'went through' : 'stopped'}, ${status} once resumed`)
    }
    console.log(`journals that were full: ${told.join('; ')}`)
    expect(told.filter((line) => line.includes('stopped')).length).toBeGreaterThan(1)
    expect(stage.leaks()).toEqual([])
  },
  300_000,
)

it.skipIf(!peer('prlimit', 'util-linux'))(
  'a backup whose vault is full fails and leaves nothing, and the same backup is whole once there is room (P2, P7)',
  async () => {
    const folder = await stage.folderOf('vm-backup', 'vault-full', 8 * MIB)
    const full = await child('scp', ['run', '0', folder], 5 * MIB)
    expect(full).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/failed: writing to the vault failed: only \d+ of \d+ bytes of .* were written/),
    })
    const { status, violations } = await stage.judge(folder)
    expect([status, violations]).toEqual(['failed', []])
    expect(stage.leaks()).toEqual([])
    expect(await child('scp', ['run', '0', folder])).toMatchObject({ code: 0, errors: '' })
    expect(await stage.judge(folder)).toMatchObject({ status: 'succeeded', equal: 1, violations: [] })
  },
  300_000,
)
