// `holdfast simulate sangfor-scp`: three VMs in one consistency group whose guests go on writing, ready to be backed up.
import type { SimulatorModule } from '../../platform.ts'
import { keepWriting, readFaultScript } from '../../simulation/index.ts'
import { type Fault, faultsSchema } from './faults.ts'
import { startScpSimulator } from './start.ts'

const MIB = 2 ** 20

export const simulator: SimulatorModule = {
  async start(options) {
    const faults = await readFaultScript<Fault>(options.faultsFile, faultsSchema, 'createSnapshot')
    const scp = await startScpSimulator({ port: options.port, seed: options.seed, rate: options.rate, faults })
    const vms = ['erp-db', 'erp-app', 'erp-web'].map((name) => ({
      name,
      ...scp.addVm({
        name,
        disks: [
          { sizeBytes: 256 * MIB, files: { 'README.TXT': `This is ${name}.\n`, 'DATA.BIN': Buffer.alloc(8 * MIB, name) } },
          { sizeBytes: 64 * MIB },
        ],
      }),
    }))
    const groupId = scp.addGroup(
      'erp',
      vms.map(({ id }) => id),
    )
    const stop = keepWriting(() => {
      for (const { guest } of vms) guest.write(1)
    })
    return {
      url: scp.url,
      connection: 'sangfor-scp/Connection',
      settings: scp.settings,
      describe: () => [
        `consistency group erp   ${groupId}`,
        ...vms.map(({ name, id }) => `VM ${name.padEnd(20)} ${id}`),
        `what it holds           GET  ${scp.url}/__admin/state`,
        `script faults           POST ${scp.url}/__admin/faults   [{"operation": "createSnapshot", "does": "dropAnswer"}]`,
        `set its clock           POST ${scp.url}/__admin/clock    {"rate": 10}`,
      ],
      close: async () => {
        stop()
        await scp[Symbol.asyncDispose]()
      },
    }
  },
}
