// Disks through the vendor's library. The library is not public: nbdkit's own NBD plugin stands where the plugin that wraps it would be,
// and reaches the same data transfer service with the same lease, snapshot and disk. [seed 002 (4) A]
import { afterEach, describe, expect, it } from 'vitest'
import { firstDifference } from '../../../src/platforms/sangfor-scp/simulator/index.ts'
import type { Json } from '../../../src/values/index.ts'
import { peer } from '../../peers/peer.ts'
import { MIB, type Stage, startStage } from './stage.ts'

let stage: Stage
afterEach(async () => {
  expect(stage.scp.violations).toEqual([])
  expect(stage.scp.leaks()).toEqual([])
  expect(stage.owed()).toEqual([])
  await stage[Symbol.asyncDispose]()
})

const PARAMETERS = { hostname: '{host}', port: '{port}', export: '{lease}/{snapshot}/{disk}' }

async function start(sfvddk: Record<string, Json>): Promise<string> {
  stage = await startStage({ settings: { transport: 'sfvddk', sfvddk } })
  const content = { 'A.TXT': 'hello', 'B.BIN': Buffer.alloc(3 * MIB, 'b') }
  return stage.scp.addVm({ name: 'erp-db', disks: [{ sizeBytes: 16 * MIB, files: content }, { sizeBytes: 2 * MIB }] }).id
}

describe.skipIf(!peer('nbdkit', 'nbdkit'))('the transport sfvddk', () => {
  it('seed 002 (4) A: SFVDDK reads the data from the VM disks, by the bitmap, and writes it back', {
    timeout: 60_000,
  }, async () => {
    const serverId = await start({ plugin: 'nbd', parameters: PARAMETERS })
    const full = await stage.run('vm-backup', { serverId })
    expect(full).toMatchObject({ status: 'succeeded', outputs: { level: 'full' } })
    stage.scp.disk(serverId, 'ide1').write(0, Buffer.from('changed'))
    const later = await stage.run('vm-backup', { serverId })
    expect(later).toMatchObject({ status: 'succeeded', outputs: { level: 'incremental', bytesRead: MIB } })
    const restored = await stage.run('vm-restore', { pointId: String(later.outputs?.pointId) })
    expect(restored).toMatchObject({ status: 'succeeded' })
    for (const disk of ['ide0', 'ide1']) {
      const there = stage.scp.disk(String(restored.outputs?.serverId), disk)
      expect(firstDifference(there, stage.scp.disk(serverId, disk))).toBeUndefined()
    }
  })

  it('fails with what the plugin says, and leaves nothing behind', async () => {
    const serverId = await start({ plugin: 'nbd', parameters: { nonsense: '{disk}' } })
    expect(await stage.run('vm-backup', { serverId })).toMatchObject({
      status: 'failed',
      owed: [],
      failure: { type: 'bridgeFailed', message: expect.stringContaining('nonsense') },
    })
  })
})

it('the transport sfvddk says what the target lacks when it names no plugin', async () => {
  const serverId = await start({})
  expect(await stage.run('vm-backup', { serverId })).toMatchObject({
    status: 'failed',
    failure: { type: 'bridgeFailed', message: 'sfvddk.plugin of the target is missing' },
  })
})
