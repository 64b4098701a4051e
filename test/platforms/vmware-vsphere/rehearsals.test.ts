// What a bad day does to the runbooks: faults on the wire, inside the platform, and deaths of the engine.
import { expect, it } from 'vitest'
import { platforms } from '../../../src/platforms/index.ts'
import { rehearse } from '../../../src/rehearse/index.ts'
import { runbooks } from './stage.ts'

it.each([
  ['vm-backup', []],
  ['vm-backup', ['vm-backup']],
  ['vm-restore', ['vm-backup']],
  ['vm-export', []],
  ['vm-import', ['vm-backup']],
  ['cbt-enable', []],
  ['cbt-disable', []],
] as const)('%s after %j leaves nothing behind, whatever goes wrong [P2, P3]', async (name, before) => {
  const scenes = before.map((each) => runbooks.scene(each))
  const report = await rehearse({ platforms, seed: 'test', before: scenes, scene: runbooks.scene(name), runs: 4, faults: 3 })
  expect(report.found).toEqual([])
  expect(report.byStatus.succeeded).toBeGreaterThan(0)
})

it('vm-backup with scripts in the guest leaves no guest frozen, whatever goes wrong [P5]', async () => {
  const scene = runbooks.scene('vm-backup')
  const inputs: typeof scene.inputs = (known) => ({
    ...scene.inputs(known),
    scripts: 'other',
    guestUser: known.guestUser ?? '',
    guestPassword: { $secret: { env: 'GUEST_PASSWORD' } },
  })
  const report = await rehearse({ platforms, seed: 'scripts', before: [], scene: { ...scene, inputs }, runs: 6, faults: 3 })
  expect(report.found).toEqual([])
  expect(report.byStatus.succeeded).toBeGreaterThan(0)
})
