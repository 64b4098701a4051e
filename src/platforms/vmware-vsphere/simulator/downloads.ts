// Where the disks of export leases are downloaded: a server of its own, as ESXi hosts are beside a vCenter Server. [W16]
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { SparseSnapshot } from '../../simulation/index.ts'
import type { World } from './model.ts'
import { streamVmdk } from './stream-vmdk.ts'

/** Port 0 is any free one. */
export async function startDownloads(world: () => World, host: string): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer((request, response) => {
    const found = diskAt(world(), request.url ?? '')
    if (request.method !== 'GET' || !found) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, { 'content-type': 'application/x-vnd.vmware-streamVmdk' })
    const stream = Readable.from(streamVmdk(found.disk))
    // A lease that ends cuts its downloads.
    found.gone.addEventListener('abort', () => response.destroy(), { once: true })
    stream.pipe(response)
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  return { port, [Symbol.asyncDispose]: () => closed(server) }
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

function diskAt({ leases, snapshots }: World, path: string): { disk: SparseSnapshot; gone: AbortSignal } | undefined {
  const { leaseId = '', key = '' } = /^\/nfc\/(?<leaseId>[^/]+)\/(?<key>\d+)\.vmdk$/.exec(path)?.groups ?? {}
  const lease = leases.get(leaseId)
  const held = lease?.state === 'ready' ? snapshots.get(lease.snapshotId)?.disks.get(Number(key)) : undefined
  return lease && held ? { disk: held.frozen, gone: lease.gone.signal } : undefined
}
