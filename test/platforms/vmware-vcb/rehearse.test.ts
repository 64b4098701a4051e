// The shipped runbooks while things go wrong: the true engine, the simulated commands, whose world is the judge.
import { expect, test } from 'vitest'
import { platforms } from '../../../src/platforms/index.ts'
import { rehearse } from '../../../src/rehearse/index.ts'
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
