// ZADP of the simulator: ZBS volumes over NBD, as nbd-transport.ts asks for them. All of it is assumed. [X19]
import { type NbdExport, serveNbd } from '../../../blocks/index.ts'
import { differenceOf, readableExport, writableExport } from '../../simulation/index.ts'
import type { World } from './model.ts'

/** Port 0 is any free one. */
export const startZadp = (world: World, host: string, port: number) =>
  serveNbd({ listen: { host, port }, resolve: async (name) => exportNamed(world, name) })

/** `<zbsId>` of a LUN snapshot to read or of a volume to write; `<zbsId>/since/<base>` is a difference of two snapshots of one volume. */
function exportNamed(world: World, name: string): NbdExport | undefined {
  const [zbsId = '', since, baseId] = name.split('/')
  const found = lunSnapshot(world, zbsId)
  if (since === undefined) return found ? readableExport(found.disk.frozen, found.gone) : writable(world, zbsId)
  const base = baseId === undefined ? undefined : lunSnapshot(world, baseId)
  if (!found || base?.disk.volumeLocalId !== found.disk.volumeLocalId) return undefined
  return readableExport(differenceOf(found.disk.frozen, base.disk.frozen), AbortSignal.any([found.gone, base.gone]))
}

function lunSnapshot({ snapshots }: World, zbsId: string) {
  for (const { disks, gone } of snapshots.values()) {
    const disk = disks.find((each) => each.zbsId === zbsId)
    if (disk) return { disk, gone: gone.signal }
  }
  return undefined
}

/** Nothing where a running VM mounts the volume. */
function writable({ volumes, vms }: World, zbsId: string): NbdExport | undefined {
  const volume = [...volumes.values()].find(({ lun }) => lun?.zbsId === zbsId)
  if (!volume) return undefined
  const inUse = [...vms.values()].some(
    ({ status, disks }) => status === 'RUNNING' && disks.some(({ volumeId }) => volumeId === volume.id),
  )
  return inUse ? undefined : writableExport(volume.content)
}
