// The list of platforms. A new one is a folder here and a line below.
import { blockTransferHandlers, vaultBodies } from './block-transfer/index.ts'
import { coreHandlers } from './core/index.ts'
import { guest } from './guest/index.ts'
import type { Platform } from './platform.ts'
import { qemu } from './qemu/index.ts'
import { sangforScp } from './sangfor-scp/index.ts'
import { smartxCloudtower } from './smartx-cloudtower/index.ts'
import { vmwareVcb } from './vmware-vcb/index.ts'
import { vmwareVsphere } from './vmware-vsphere/index.ts'
import { zstack } from './zstack/index.ts'

export { cacheVaultsIn } from './block-transfer/index.ts'
export type {
  Demo,
  DemoStage,
  DiskView,
  Platform,
  RunningSimulator,
  SimulatorModule,
  SimulatorOptions,
  StandIn,
  StartDemo,
  StartStandIn,
} from './platform.ts'

export const platforms: readonly Platform[] = [
  { pack: 'core', handlers: coreHandlers, logins: {} },
  {
    pack: 'block-transfer',
    handlers: blockTransferHandlers,
    logins: {},
    bodies: vaultBodies,
    standIn: async () => (await import('./block-transfer/stand-in.ts')).startStandIn,
  },
  guest,
  qemu,
  sangforScp,
  smartxCloudtower,
  vmwareVsphere,
  vmwareVcb,
  zstack,
]
