// Where the disks of leases are downloaded, and those of imports uploaded: a server of its own, as ESXi hosts are beside a vCenter Server.
// [W16, W18]
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { SparseDisk, SparseSnapshot, SparseView } from '../../simulation/index.ts'
import { grainsIn, StreamBroken } from '../stream-vmdk.ts'
import { type GrainSource, streamVmdk } from '../write-stream-vmdk.ts'
import type { Lease, World } from './model.ts'

/** Port 0 is any free one. */
export async function startDownloads(world: () => World, host: string): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer((request, response) => {
    const { lease, key } = leaseAt(world(), request.url ?? '')
    const exported = lease && exportedIn(world(), lease, key)
    const imported = lease && importedIn(world(), lease, key)
    if (request.method === 'GET' && exported) return download(exported, lease, response)
    if (request.method === 'POST' && imported) return void upload(imported, lease, request, response)
    response.writeHead(404).end()
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

function download(disk: SparseSnapshot, { gone }: Lease, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/x-vnd.vmware-streamVmdk' })
  // A lease that ends cuts its downloads.
  gone.signal.addEventListener('abort', () => response.destroy(), { once: true })
  Readable.from(streamVmdk(grainsOf(disk))).pipe(response)
}

async function upload(disk: SparseDisk, { gone }: Lease, request: IncomingMessage, response: ServerResponse): Promise<void> {
  gone.signal.addEventListener('abort', () => request.destroy(), { once: true })
  try {
    for await (const { offsetBytes, data } of grainsIn(request, disk.sizeBytes)) disk.write(offsetBytes, data)
    request.resume()
    response.writeHead(200).end()
  } catch (error) {
    if (!(error instanceof StreamBroken) && !request.destroyed) throw error
    response.writeHead(500).end()
  }
}

/** Nothing where a disk was never written. */
export const grainsOf = (disk: SparseView): GrainSource => ({
  sizeBytes: disk.sizeBytes,
  grain: async (offsetBytes, lengthBytes) => {
    if (disk.extents(offsetBytes, lengthBytes).every(({ kind }) => kind === 'hole')) return undefined
    const data = Buffer.alloc(lengthBytes)
    disk.read(offsetBytes, data)
    return data
  },
})

function leaseAt({ leases }: World, path: string): { readonly lease?: Lease; readonly key: number } {
  const { leaseId = '', key = '' } = /^\/nfc\/(?<leaseId>[^/]+)\/(?<key>\d+)\.vmdk$/.exec(path)?.groups ?? {}
  const lease = leases.get(leaseId)
  return { key: Number(key), ...(lease?.state === 'ready' ? { lease } : {}) }
}

const exportedIn = ({ snapshots }: World, { of }: Lease, key: number): SparseSnapshot | undefined =>
  of.kind === 'export' ? snapshots.get(of.snapshotId)?.disks.get(key)?.frozen : undefined

const importedIn = ({ vms }: World, { of, vmId }: Lease, key: number): SparseDisk | undefined =>
  of.kind === 'import' ? vms.get(vmId)?.disks.find((disk) => disk.key === key)?.content : undefined
