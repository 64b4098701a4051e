// What a sweep lists on ZStack: all that runbooks of this pack make there and could leave, by the names that they chose.
import { expect, it } from 'vitest'
import { createReader, sweep } from '../../../src/engine/index.ts'
import { catalogue, RATE, startHarness } from './harness.ts'

it('P2: a sweep finds jobs, groups, triggers, VMs and volumes that no ledger knows, and only reads', async () => {
  await using harness = await startHarness({ rate: RATE })
  const handlers = harness.calling.handlers(catalogue)
  const read = createReader({ ...harness.calling, handlers })
  const types = Object.values(catalogue.packs.zstack?.resources ?? {}).filter(({ sweep: reads }) => reads !== undefined)
  const found: string[] = []
  for await (const each of sweep(read, catalogue, types, { $target: 'cloud', connection: 'zstack/Connection' })) {
    expect(each.kind).toBe('listed')
    if (each.kind === 'listed') found.push(`${each.type} ${each.identity.name}`)
  }
  expect(types.map(({ name }) => name)).toEqual(
    ['Job', 'JobGroup', 'Trigger', 'RecoveredVm', 'RecoveredVolume'].map((name) => `zstack/${name}`),
  )
  for (const { name } of harness.zstack.world.volumes) expect(found).toContain(`zstack/RecoveredVolume ${name}`)
  for (const { name } of harness.zstack.world.vms) expect(found).toContain(`zstack/RecoveredVm ${name}`)
  expect(harness.requests.filter(({ method, path }) => method !== 'GET' && !path.includes('/accounts/'))).toEqual([])
})
