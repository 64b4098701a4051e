// The shipped runbooks while things go wrong: the true engine, the simulated commands, whose world is the judge.
import { describe, expect, test } from 'vitest'
import { ActionFailure } from '../../../src/packs/index.ts'
import { guest } from '../../../src/platforms/guest/index.ts'
import { platforms } from '../../../src/platforms/index.ts'
import { rehearse } from '../../../src/rehearse/index.ts'
import { rehearseOnce } from '../../../src/rehearse/perform.ts'
import { runbooks } from './harness.ts'

test.each([
  ['image-backup', []],
  ['file-backup', []],
  ['image-restore', ['image-backup']],
  ['cleanup', []],
])(
  'a rehearsal of %s leaves no guest frozen, no mount and no snapshot, whatever goes wrong [P2, P3, P5]',
  async (name, before) => {
    const { found, runs, byStatus } = await rehearse({
      platforms,
      seed: 'test',
      before: before.map((each) => runbooks.scene(each)),
      scene: runbooks.scene(name),
      runs: 8,
      faults: 3,
    })
    expect(found).toEqual([])
    expect([runs, (byStatus.succeeded ?? 0) > 0]).toEqual([8, true])
  },
  120_000,
)

describe('the answer of a guest is lost while its pre-freeze script runs', () => {
  const lost = async (operation: string, skip: number, of = platforms) => {
    const scene = runbooks.scene('image-backup')
    const inputs: typeof scene.inputs = (known) => ({ ...scene.inputs(known), os: 'other' })
    const fault = { kind: 'inside', connection: 'guest/Machine', operation, does: 'breaksAfter', skip } as const
    return rehearseOnce({ platforms: of, seed: 'slow', before: [], scene: { ...scene, inputs } }, 1, [fault])
  }

  test.each([
    ['guest-exec', 1],
    ['guest-exec-status', 1],
    ['guest-exec-status', 2],
  ])('%s, after %i calls: that script freezes later, and the guest is thawed all the same [P2, P5]', async (operation, skip) => {
    expect(await lost(operation, skip)).toMatchObject({ status: 'failed', violations: [] })
  })

  test('a thaw that counts although that script runs on is seen to leave the guest frozen', async () => {
    const thaw = guest.handlers['guest/scripts.thaw']
    const careless: typeof thaw = async (input, context) =>
      thaw?.(input, context).catch((error: unknown) => {
        if (error instanceof ActionFailure && error.failure.type === 'freezeRuns') return {}
        throw error
      }) ?? {}
    const spoilt = { ...guest, handlers: { ...guest.handlers, 'guest/scripts.thaw': careless } }
    const { violations } = await lost('guest-exec', 1, [...platforms.filter((each) => each !== guest), spoilt])
    expect(violations).toEqual([expect.stringContaining('the application that /usr/sbin/pre-freeze-script told to hold still')])
  })
})
