// A folder like an operator's, with a vault, in which commands are run as by a person.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCli } from '../../../src/cli/index.ts'
import { isObject, type JsonObject } from '../../../src/values/index.ts'
import { createTestHost } from '../../cli/test-host.ts'

export interface Ended {
  readonly exitCode: number
  readonly outputs: JsonObject
  /** All of both streams. */
  readonly printed: string
}

export interface Office {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  run(runbook: string, ...inputs: string[]): Promise<Ended>
  /** With another target in the place of `hypervisor`. */
  runOn(hypervisor: string, runbook: string, ...inputs: string[]): Promise<Ended>
  resume(id: string): Promise<Ended>
  /** Any command, without more. */
  command(...args: string[]): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>
  /** Restores a point; answers the files of its disks. */
  restore(pointId: string): Promise<readonly string[]>
}

/** Targets as an operator writes them, the vault apart. */
export async function openOffice(folder: string, targets: JsonObject): Promise<Office> {
  const env = { HOLDFAST_VAULT_PASSWORD: 'only for this test' }
  const vault = { connection: 'block-transfer/Vault', directory: 'vault', password: { env: 'HOLDFAST_VAULT_PASSWORD' } }
  writeFileSync(join(folder, 'holdfast.config.yaml'), JSON.stringify({ config: 1, targets: { ...targets, vault } }))
  const command = async (...args: string[]) => {
    const { host, printed } = createTestHost(folder, env)
    return { exitCode: await runCli(args, host), ...printed }
  }
  await command('vault', 'init', 'vault')
  const performed = async (...args: string[]): Promise<Ended> => {
    const { exitCode, stdout, stderr } = await command(...args, '--format', 'json')
    const lines = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JsonObject)
    const { outputs } = lines.find(({ event }) => event === 'runEnded') ?? {}
    return { exitCode, outputs: isObject(outputs) ? outputs : {}, printed: stdout + stderr }
  }
  const given = (inputs: readonly string[]): readonly string[] => inputs.flatMap((each) => ['-i', each])
  const run: Office['run'] = (runbook, ...inputs) => performed('run', runbook, ...given(inputs))
  return {
    folder,
    env,
    run,
    runOn: (hypervisor, runbook, ...inputs) =>
      performed('run', runbook, '--target', `hypervisor=${hypervisor}`, ...given(inputs)),
    command,
    resume: (id) => performed('resume', id),
    restore: async (pointId) => {
      const { outputs, printed } = await run(
        'qemu/vm-restore',
        `pointId=${pointId}`,
        `directory=${join(folder, 'out')}`,
        'name=erp',
      )
      const files = outputs.files as readonly string[] | undefined
      if (!files) throw new Error(printed)
      return files
    },
  }
}
