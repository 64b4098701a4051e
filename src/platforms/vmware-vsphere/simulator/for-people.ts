// `holdfast simulate vmware-vsphere`: two VMs whose guests go on writing, ready to be backed up.
import type { SimulatorModule } from '../../platform.ts'
import { keepWriting, readFaultScript } from '../../simulation/index.ts'
import { type Fault, faultsSchema } from './faults.ts'
import { startVsphereSimulator } from './start.ts'

const MIB = 2 ** 20

export const simulator: SimulatorModule = {
  async start(options) {
    const faults = await readFaultScript<Fault>(options.faultsFile, faultsSchema, 'createSnapshotEx')
    const vsphere = await startVsphereSimulator({ port: options.port, seed: options.seed, rate: options.rate, faults })
    const vms = [
      vsphere.addVm({ name: 'erp-db', sizesBytes: [256 * MIB, 64 * MIB], tracked: true }),
      vsphere.addVm({ name: 'erp-app', sizesBytes: [128 * MIB], toolsRunning: false }),
    ]
    for (const { id } of vms) vsphere.write(id, 100)
    const stop = keepWriting(() => {
      for (const { id } of vms) vsphere.write(id, 1)
    })
    return {
      url: vsphere.url,
      connection: 'vmware-vsphere/Connection',
      settings: vsphere.settings,
      describe: () => [
        ...vms.map(
          ({ name, id, toolsRunning }) =>
            `VM DC0/vm/${name.padEnd(10)} ${id}  VMware Tools ${toolsRunning ? 'run' : 'do not run'}`,
        ),
        `SOAP beside VI JSON  POST ${vsphere.url}/sdk`,
        `what it holds        GET  ${vsphere.url}/__admin/state`,
        `script faults        POST ${vsphere.url}/__admin/faults   [{"operation": "createSnapshotEx", "does": "dropAnswer"}]`,
      ],
      close: async () => {
        stop()
        await vsphere[Symbol.asyncDispose]()
      },
    }
  },
}
