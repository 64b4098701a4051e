// `holdfast simulate smartx-cloudtower`: two VMs whose guests go on writing, ready to be backed up.
import type { SimulatorModule } from '../../platform.ts'
import { keepWriting, readFaultScript } from '../../simulation/index.ts'
import { type Fault, faultsSchema } from './faults.ts'
import { startTowerSimulator } from './start.ts'

const MIB = 2 ** 20

export const simulator: SimulatorModule = {
  async start(options) {
    const faults = await readFaultScript<Fault>(options.faultsFile, faultsSchema, 'createVmSnapshot')
    const tower = await startTowerSimulator({ port: options.port, seed: options.seed, rate: options.rate, faults })
    const vms = [
      tower.addVm({ name: 'erp-db', sizesBytes: [256 * MIB, 64 * MIB] }),
      tower.addVm({ name: 'erp-app', sizesBytes: [128 * MIB], toolsStatus: 'NOT_INSTALLED' }),
    ]
    for (const { id } of vms) tower.write(id, 100)
    const stop = keepWriting(() => {
      for (const { id } of vms) tower.write(id, 1)
    })
    return {
      url: tower.url,
      connection: 'smartx-cloudtower/Connection',
      settings: tower.settings,
      describe: () => [
        ...vms.map(({ name, id, toolsStatus }) => `VM ${name.padEnd(10)} ${id}  VMTools ${toolsStatus}`),
        `what it holds  GET  ${tower.url}/__admin/state`,
        `script faults  POST ${tower.url}/__admin/faults   [{"operation": "createVmSnapshot", "does": "dropAnswer"}]`,
      ],
      close: async () => {
        stop()
        await tower[Symbol.asyncDispose]()
      },
    }
  },
}
