// The data transfer service: leased disks over NBD. A snapshot is read, the disk itself is written; the end of a lease cuts both.
import { type NbdExport, type NbdServer, serveNbd } from '../../../blocks/index.ts'
import type { Secret } from '../../../values/index.ts'
import { readableExport, writableExport } from '../../simulation/index.ts'
import type { Disk } from './disk.ts'
import type { Lease, World } from './model.ts'

export interface TransferService extends AsyncDisposable {
  readonly plainPort: number
  readonly tlsPort: number
}

/** Plain on the first port, TLS on the second; 0 is any free one. */
export async function startTransferService(
  world: World,
  host: string,
  [plainPort, tlsPort]: readonly [number, number],
  tls: { readonly certificate: string; readonly key: Secret },
): Promise<TransferService> {
  const resolve = async (exportName: string): Promise<NbdExport | undefined> => exportNamed(world, exportName)
  const plain: NbdServer = await serveNbd({ listen: { host, port: plainPort }, resolve })
  const secured: NbdServer = await serveNbd({ listen: { host, port: tlsPort }, tls, resolve })
  return {
    plainPort: plain.port,
    tlsPort: secured.port,
    [Symbol.asyncDispose]: async () => {
      await plain[Symbol.asyncDispose]()
      await secured[Symbol.asyncDispose]()
    },
  }
}

/** `<lease>/<snapshot>/<disk>` to read, `<lease>/current/<disk>` to write. No running lease, no data. */
function exportNamed(world: World, exportName: string): NbdExport | undefined {
  const [leaseId = '', snapshotId = '', diskId = ''] = exportName.split('/')
  const lease = world.leases.get(leaseId)
  if (lease?.status !== 'running') return undefined
  if (lease.type === 'restore') {
    const disk = world.vms.get(lease.serverId)?.disks.find(({ id }) => id === diskId)
    return snapshotId === 'current' && disk ? writable(disk.disk, lease) : undefined
  }
  const kept = world.snapshots.get(snapshotId)?.members.get(lease.serverId)?.disks.get(diskId)
  return kept && readableExport(kept.frozen, lease.cut.signal)
}

const writable = (disk: Disk, { cut }: Lease): NbdExport => ({
  ...writableExport(disk, cut.signal),
  // What is zero takes no space.
  zero: async (offsetBytes, lengthBytes) => disk.zero(offsetBytes, lengthBytes),
})
