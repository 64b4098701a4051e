// VMware vSphere in code: the session and the SOAP binding below it, what of disks YAML cannot say, and the simulator on demand.
import type { Platform } from '../platform.ts'
import { blockHandlers } from './blocks.ts'
import { diskHandlers } from './disks.ts'
import { guestProgramHandlers } from './guest-programs.ts'
import { imageHandlers } from './image.ts'
import { importImageHandlers } from './import-image.ts'
import { newVmHandlers } from './new-vm.ts'
import { ovfHandlers } from './ovf.ts'
import { session } from './session.ts'

export const vmwareVsphere: Platform = {
  pack: 'vmware-vsphere',
  handlers: {
    ...blockHandlers,
    ...diskHandlers,
    ...guestProgramHandlers,
    ...imageHandlers,
    ...importImageHandlers,
    ...newVmHandlers,
    ...ovfHandlers,
  },
  logins: { 'vmware-vsphere/session': session },
  standIn: async () => (await import('./simulator/index.ts')).startStandIn,
  demo: async () => (await import('./simulator/demo.ts')).startDemo,
  simulator: async () => (await import('./simulator/index.ts')).simulator,
}
