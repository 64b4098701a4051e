// The disks of the simulator over NBD, as the transport `nbd` asks for them: assumed, for VDDK itself cannot be simulated. [W13]
import { type NbdExport, serveNbd } from '../../../blocks/index.ts'
import { readableExport, writableExport } from '../../simulation/index.ts'
import type { World } from './model.ts'

/** Port 0 is any free one. */
export const startExports = (world: World, host: string, port: number) =>
  serveNbd({ listen: { host, port }, resolve: async (name) => exportNamed(world, name) })

/** `<vm>/<snapshot>/<device key>` to read; `<vm>/current/<device key>` of a VM that is off, to write. */
function exportNamed({ vms, snapshots }: World, name: string): NbdExport | undefined {
  const [vmId = '', of = '', key = ''] = name.split('/')
  if (of !== 'current') {
    const snapshot = snapshots.get(of)
    const held = snapshot?.vmId === vmId ? snapshot.disks.get(Number(key)) : undefined
    return snapshot && held ? readableExport(held.frozen, snapshot.gone.signal) : undefined
  }
  const vm = vms.get(vmId)
  const disk = vm?.powerState === 'poweredOff' ? vm.disks.find((each) => each.key === Number(key)) : undefined
  return disk && writableExport(disk.content)
}
