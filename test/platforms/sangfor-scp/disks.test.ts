import { describe, expect, it } from 'vitest'
import type { DiskAddress } from '../../../src/blocks/index.ts'
import { openSource } from '../../../src/blocks/index.ts'
import type { ActionContext } from '../../../src/packs/index.ts'
import { handlers } from '../../../src/platforms/sangfor-scp/disks.ts'
import type { Json, JsonObject } from '../../../src/values/index.ts'
import { CLOUD, handleOf, MIB, startHarness } from './harness.ts'

const url = 'https://scp.example:4430'

async function sources(input: JsonObject, settings: Readonly<Record<string, Json>> = {}): Promise<JsonObject> {
  const context = { connection: () => ({ target: 'cloud', type: CLOUD.connection, settings: { url, ...settings } }) }
  const session = { resourceId: 'a:b', certificate: 'MII=', hostId: 'host-1' }
  const full = { cloud: CLOUD, session, transports: ['nbd', 'nbd_ssl'], disks: [{ disk: 'ide0', sizeBytes: 4096 }], ...input }
  const handler = handlers['sangfor-scp/disk.sources']
  if (!handler) throw new Error('no handler')
  return handler(full, context as unknown as ActionContext)
}

const addressIn = (output: JsonObject) => (output.sources as unknown as { address: DiskAddress }[])[0]?.address

describe('disk.sources', () => {
  it('prefers TLS, verified by the certificate of the lease, and names lease, snapshot and disk', async () => {
    const output = await sources({ snapshot: { snapshotId: 's' } })
    expect(output.transport).toBe('nbd_ssl')
    expect(addressIn(output)).toEqual({
      kind: 'nbd',
      host: 'scp.example',
      port: 10_809,
      exportName: 'a:b/s/ide0',
      tls: { caCertificate: 'MII=' },
    })
  })

  it('names the disk itself where there is no snapshot, to be written', async () => {
    expect(addressIn(await sources({}))).toMatchObject({ exportName: 'a:b/current/ide0' })
  })

  it('takes the address of the HCI host that serves the lease', async () => {
    const nbd = { port: 1, tlsPort: 2, host: 'any', serverName: 'hci', hosts: { 'host-1': 'ten', 'host-2': 'eleven' } }
    expect(addressIn(await sources({}, { nbd }))).toMatchObject({ host: 'ten', port: 2, tls: { serverName: 'hci' } })
    expect(addressIn(await sources({}, { nbd: { ...nbd, hosts: {} }, transport: 'nbd' }))).toEqual({
      kind: 'nbd',
      host: 'any',
      port: 1,
      exportName: 'a:b/current/ide0',
    })
  })

  it('fails where the platform offers nothing that the target allows, or no certificate to verify by', async () => {
    await expect(sources({ transports: ['nbd'] }, { transport: 'nbd_ssl' })).rejects.toMatchObject({
      failure: { type: 'transportUnavailable', message: 'the platform offers nbd, this connection allows nbd_ssl' },
    })
    await expect(sources({ session: { resourceId: 'a:b' } })).rejects.toMatchObject({ failure: { type: 'transportUnavailable' } })
  })

  it.each(['nbd', 'nbd_ssl'])('gives addresses that blocks open over %s', async (transport) => {
    await using harness = await startHarness({ settings: { transport } })
    const { scp, call } = harness
    const { id: serverId } = scp.addVm({ name: 'erp-db', disks: [{ bytes: Buffer.alloc(MIB, 'x') }] })
    const snapshot = handleOf('Snapshot', await call('snapshot.create', { serverId, name: 's' }))
    const session = handleOf('BackupResource', await call('backupResource.create', { serverId, snapshot }))
    const { transports = [] } = await call('backupResource.supports', { serverId })
    const disks = [{ disk: 'ide0', sizeBytes: MIB }]
    const address = addressIn(await call('disk.sources', { session, snapshot, transports, disks }))
    if (!address) throw new Error('no address')
    await using source = await openSource(address)
    const read = Buffer.alloc(4096)
    await source.read(MIB - 4096, read)
    expect(read).toEqual(Buffer.alloc(4096, 'x'))
    expect(source.sizeBytes).toBe(MIB)
  })
})

describe('disk.maps', () => {
  const maps = async (since: string, areas: readonly JsonObject[], sizeBytes = 200_000) => {
    const change = { disk: 'ide0', sizeBytes, since, areas }
    return handlers['sangfor-scp/disk.maps']?.({ changes: [change] }, {} as ActionContext)
  }

  it('says of all of the disk what it is, clips the last area, and joins those that touch', async () => {
    const areas = [
      { start: 131_072, length: 65_536 },
      { start: 196_608, length: 65_536 },
      { start: 0, length: 65_536 },
    ]
    expect(await maps('8589934593', areas)).toEqual({
      changedBytes: 65_536 + 200_000 - 131_072,
      maps: [
        {
          disk: 'ide0',
          extents: [
            { offsetBytes: 0, lengthBytes: 65_536, kind: 'data' },
            { offsetBytes: 65_536, lengthBytes: 65_536, kind: 'unchanged' },
            { offsetBytes: 131_072, lengthBytes: 200_000 - 131_072, kind: 'data' },
          ],
        },
      ],
    })
  })

  it('takes what a full answer leaves out for zeros, never for unchanged', async () => {
    expect(await maps('0', [])).toEqual({
      changedBytes: 0,
      maps: [{ disk: 'ide0', extents: [{ offsetBytes: 0, lengthBytes: 200_000, kind: 'hole' }] }],
    })
  })
})
