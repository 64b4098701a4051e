// The whole of Holdfast around the simulator.
import {
  startVsphereSimulator,
  type VsphereOptions,
  type VsphereSimulator,
} from '../../../src/platforms/vmware-vsphere/simulator/index.ts'
import { loadPacks, runbooksOf } from '../runbooks.ts'
import { type BareStage, openStage, type Settings } from '../stage.ts'

export { MIB } from '../stage.ts'

export const runbooks = runbooksOf('vmware-vsphere', await loadPacks('core', 'block-transfer', 'guest', 'vmware-vsphere'))

export interface Stage extends BareStage {
  readonly vsphere: VsphereSimulator
}

const RATE = 100

interface StageOptions extends VsphereOptions {
  readonly settings?: Settings
}

export async function startStage({ settings = {}, ...options }: StageOptions = {}): Promise<Stage> {
  const vsphere = await startVsphereSimulator({ seed: 'stage', ...options, rate: 0 })
  const vc = { type: 'vmware-vsphere/Connection', settings: { ...vsphere.settings, ...settings } }
  const stage = await openStage({
    runbooks,
    rate: RATE,
    platform: vsphere.clock,
    targets: { vc },
    secret: () => vsphere.guestPassword,
  })
  return {
    ...stage,
    vsphere,
    [Symbol.asyncDispose]: async () => {
      await stage[Symbol.asyncDispose]()
      await vsphere[Symbol.asyncDispose]()
    },
  }
}
