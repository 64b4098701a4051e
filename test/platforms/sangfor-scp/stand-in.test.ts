// What the stand-in tells the judge of a rehearsal.
import { expect, it } from 'vitest'
import { standInOf } from '../../../src/platforms/sangfor-scp/simulator/stand-in.ts'
import { startScpSimulator } from '../../../src/platforms/sangfor-scp/simulator/start.ts'

it('P2: tells a VM that was made since, whether it runs or not: only the ledger excuses one that a run keeps', async () => {
  await using scp = await startScpSimulator({ seed: 'made', rate: 0, listens: false })
  const { id } = scp.addVm({ name: 'there before', disks: [{ sizeBytes: 2 ** 20 }] })
  const standIn = standInOf(scp, 'none', [id])
  expect(standIn.made()).toEqual([])
  scp.addVm({ name: 'left running', disks: [{ sizeBytes: 2 ** 20 }], status: 'running' })
  scp.addVm({ name: 'left off', disks: [{ sizeBytes: 2 ** 20 }], status: 'stopped' })
  expect(standIn.made()).toEqual(['VM left running', 'VM left off'])
})
