// A folder like an operator's, with a real QEMU to back up: what is run in it, what comes back, and what is left behind inside QEMU.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '../../../src/cli/index.ts'
import { isObject, type Json, type JsonObject } from '../../../src/values/index.ts'
import { createTestHost } from '../../cli/test-host.ts'
import { DISKS, type DiskName, type Machine, startMachine } from './machine.ts'

export const VM = '3f0b6f1e-6a52-4f0e-9c39-2b8c6c6d5a11'

interface Ended {
  readonly exitCode: number
  readonly outputs: JsonObject
  /** All of both streams. */
  readonly printed: string
}

export interface Desk extends AsyncDisposable {
  readonly folder: string
  /** The QEMU that runs now. */
  readonly machine: Machine
  readonly env: Readonly<Record<string, string>>
  /** Ends QEMU, by its monitor or by SIGKILL, and starts another on the same disks. */
  restart(how: 'quit' | 'kill'): Promise<void>
  run(runbook: string, ...inputs: string[]): Promise<Ended>
  resume(id: string): Promise<Ended>
  restored(pointId: string): Promise<Readonly<Record<DiskName, Buffer>>>
}

export async function openDesk(seed: number): Promise<Desk> {
  const folder = mkdtempSync(join(tmpdir(), 'hf-qemu-'))
  let machine = await startMachine(join(folder, 'vm'), seed)
  const env = { HOLDFAST_VAULT_PASSWORD: 'only for this test' }
  const targets = {
    hypervisor: { connection: 'qemu/Hypervisor', monitor: machine.monitorPath, scratchDirectory: join(folder, 'vm') },
    guest: { connection: 'guest/Machine', channel: 'none' },
    vault: { connection: 'block-transfer/Vault', directory: 'vault', password: { env: 'HOLDFAST_VAULT_PASSWORD' } },
  }
  writeFileSync(join(folder, 'holdfast.config.yaml'), JSON.stringify({ config: 1, targets }))
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
  const run: Desk['run'] = (runbook, ...inputs) => performed('run', runbook, ...inputs.flatMap((each) => ['-i', each]))
  return {
    folder,
    env,
    run,
    resume: (id) => performed('resume', id),
    get machine() {
      return machine
    },
    restart: async (how) => {
      if (how === 'quit') await machine.ask('quit').catch(() => {})
      await machine[Symbol.asyncDispose]()
      machine = await startMachine(join(folder, 'vm'), seed + 1, machine.writes)
    },
    restored: async (pointId) => {
      const { outputs, printed } = await run(
        'qemu/vm-restore',
        `pointId=${pointId}`,
        `directory=${join(folder, 'out')}`,
        'name=erp',
      )
      const files = outputs.files as readonly string[] | undefined
      if (!files) throw new Error(printed)
      return Object.fromEntries(
        DISKS.map((disk) => [disk, readFileSync(files.find((file) => file.includes(`.${disk}.`)) ?? '')]),
      ) as Record<DiskName, Buffer>
    },
    [Symbol.asyncDispose]: async () => {
      await machine[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What of Holdfast's is left inside QEMU and in the scratch folder, but for checkpoints. */
export async function leftIn({ machine, folder }: Desk): Promise<readonly string[]> {
  const nodes = (await machine.ask('query-named-block-nodes', { flat: true })) as readonly JsonObject[]
  const blocks = (await machine.ask('query-block')) as readonly JsonObject[]
  const exports = (await machine.ask('query-block-exports')) as readonly Json[]
  const files = readdirSync(join(folder, 'vm')).filter((file) => /^(hf-|holdfast-\d)/.test(file))
  return [
    ...nodes.map((node) => String(node['node-name'])).filter((name) => name.startsWith('hf-')),
    ...blocks.flatMap(({ inserted }) => (isObject(inserted) && String(inserted.drv) !== 'qcow2' ? [String(inserted.drv)] : [])),
    ...exports.map((each) => JSON.stringify(each)),
    ...files,
  ]
}

export async function checkpointsOf({ machine }: Desk): Promise<readonly string[]> {
  const nodes = (await machine.ask('query-named-block-nodes', { flat: true })) as readonly JsonObject[]
  const bitmaps = nodes.flatMap((node) => (Array.isArray(node['dirty-bitmaps']) ? (node['dirty-bitmaps'] as JsonObject[]) : []))
  return [...new Set(bitmaps.map(({ name }) => String(name)))]
}

/** Writes all the time until the call has ended. */
export async function whileWriting<Result>({ machine }: Desk, call: Promise<Result>): Promise<Result> {
  let ended = false
  const writing = (async () => {
    while (!ended) await machine.write()
  })()
  try {
    return await call
  } finally {
    ended = true
    await writing
  }
}
