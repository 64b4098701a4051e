// `holdfast simulate sangfor-scp`: three VMs in one consistency group whose guests go on writing, ready to be backed up.
import { readFile } from 'node:fs/promises'
import { validator } from '../../../values/index.ts'
import type { SimulatorModule, SimulatorOptions } from '../../platform.ts'
import { type Fault, faultsSchema } from './faults.ts'
import { startScpSimulator } from './start.ts'

const MIB = 2 ** 20
const WRITE_EVERY_MS = 2000

export const simulator: SimulatorModule = {
  async start(options) {
    const faults = await faultsIn(options)
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
    const stops = vms.map(({ guest }) => guest.keepWriting(WRITE_EVERY_MS))
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
        for (const stop of stops) stop()
        await scp[Symbol.asyncDispose]()
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
  readonly hint = 'It is a list such as [{"operation": "createSnapshot", "does": "dropAnswer"}], as JSON.'
}
