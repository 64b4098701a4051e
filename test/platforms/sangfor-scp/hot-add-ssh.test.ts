// Holdfast outside the proxy: an NBD server is run in the proxy over SSH, and its standard streams carry the disk. Real sshd, real nbdkit.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { firstDifference } from '../../../src/platforms/sangfor-scp/simulator/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { peer } from '../../peers/peer.ts'
import { type Sshd, startSshd } from '../../ssh/sshd.ts'
import { MIB, type Stage, startStage } from './stage.ts'

const missing = !peer('sshd', 'openssh-server') || !peer('nbdkit', 'nbdkit')

describe.skipIf(missing)('a proxy that is reached over SSH', () => {
  let stage: Stage
  let sshd: Sshd
  let serverId: string
  let proxyId: string

  beforeEach(async () => {
    sshd = await startSshd()
    stage = await startStage()
    serverId = stage.scp.addVm({ name: 'erp-db', disks: [{ bytes: Buffer.alloc(4 * MIB, 'erp') }, { sizeBytes: 2 * MIB }] }).id
    proxyId = stage.scp.addVm({ name: 'proxy', disks: [{ sizeBytes: MIB }], osName: 'Backup Proxy', status: 'stopped' }).id
  })
  afterEach(async () => {
    expect(stage.scp.leaks()).toEqual([])
    expect(stage.owed()).toEqual([])
    await stage[Symbol.asyncDispose]()
    await sshd[Symbol.asyncDispose]()
  })

  function bind(more: JsonObject = {}): void {
    const { host, port, user, hostKey, login } = sshd.host
    if (login.kind !== 'key') throw new Error('the host takes keys')
    const { device } = stage.scp.settings.hotAdd as { device: string }
    const ssh = { [proxyId]: { host, port, user, hostKey } }
    stage.bind({ hotAdd: { device, reader: 'ssh', ssh, ...more }, proxyKey: login.privateKey })
  }

  it('seed 002 (4) B d: reads the changed data in the guest of the proxy and sends it to the vault', {
    timeout: 60_000,
  }, async () => {
    bind()
    const outcome = await stage.run('vm-backup-hotadd', { serverId })
    expect(outcome).toMatchObject({ status: 'succeeded' })
    const restored = await stage.run('vm-restore', { pointId: String(outcome.outputs?.pointId) })
    const restoredId = String(restored.outputs?.serverId)
    for (const disk of ['ide0', 'ide1']) {
      expect(firstDifference(stage.scp.disk(restoredId, disk), stage.scp.disk(serverId, disk))).toBeUndefined()
    }
  })

  it('fails without a point where the program that serves the disk is not there', { timeout: 60_000 }, async () => {
    bind({ server: ['no-such-program', '{device}'] })
    expect(await stage.run('vm-backup-hotadd', { serverId })).toMatchObject({ status: 'failed', owed: [] })
    expect(await stage.vault.points({})).toEqual([])
  })

  it('says which proxy the target knows no login for', async () => {
    bind({ ssh: {} })
    expect(await stage.run('vm-backup-hotadd', { serverId })).toMatchObject({
      status: 'failed',
      failure: { type: 'proxyUnknown', message: expect.stringContaining(proxyId) },
    })
  })
})
