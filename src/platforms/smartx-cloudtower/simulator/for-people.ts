// `holdfast simulate smartx-cloudtower`: two VMs whose guests go on writing, ready to be backed up.
import { readFile } from 'node:fs/promises'
import { validator } from '../../../values/index.ts'
import type { SimulatorModule, SimulatorOptions } from '../../platform.ts'
import { type Fault, faultsSchema } from './faults.ts'
import { startTowerSimulator } from './start.ts'

const MIB = 2 ** 20
const WRITE_EVERY_MS = 2000

export const simulator: SimulatorModule = {
  async start(options) {
    const faults = await faultsIn(options)
    const tower = await startTowerSimulator({ port: options.port, seed: options.seed, rate: options.rate, faults })
    const vms = [
      tower.addVm({ name: 'erp-db', sizesBytes: [256 * MIB, 64 * MIB] }),
      tower.addVm({ name: 'erp-app', sizesBytes: [128 * MIB], toolsStatus: 'NOT_INSTALLED' }),
    ]
    for (const { id } of vms) tower.write(id, 100)
    const timer = setInterval(() => {
      for (const { id } of vms) tower.write(id, 1)
    }, WRITE_EVERY_MS)
    timer.unref()
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
        clearInterval(timer)
        await tower[Symbol.asyncDispose]()
      },
    }
  },
}

async function faultsIn({ faultsFile }: SimulatorOptions): Promise<readonly Fault[]> {
  if (faultsFile === undefined) return []
  const faults: unknown = await readFile(faultsFile, 'utf8')
    .then(JSON.parse)
    .catch((error: unknown) => {
      throw new FaultsInvalid(`cannot read ${faultsFile}: ${error instanceof Error ? error.message : String(error)}`)
    })
  const [problem] = validator(faultsSchema).problems(faults)
  if (problem) throw new FaultsInvalid(`${faultsFile}: ${problem.path.join('.') || 'the list'} ${problem.message}`)
  return faults as Fault[]
}

class FaultsInvalid extends Error {
  readonly code = 'FAULTS_INVALID'
  readonly hint = 'It is a list such as [{"operation": "createVmSnapshot", "does": "dropAnswer"}], as JSON.'
}
