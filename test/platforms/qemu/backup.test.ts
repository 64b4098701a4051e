// The QEMU pack against a real QEMU, without a guest system: what is written meanwhile comes from its own monitor.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from '../../../src/cli/index.ts'
import { isObject, type Json, type JsonObject } from '../../../src/values/index.ts'
import { createTestHost } from '../../cli/test-host.ts'
import { peer } from '../../peers/peer.ts'
import { DISKS, type DiskName, type Machine, startMachine } from './machine.ts'

const VM = '3f0b6f1e-6a52-4f0e-9c39-2b8c6c6d5a11'

interface Desk extends AsyncDisposable {
  readonly folder: string
  readonly machine: Machine
  run(
    runbook: string,
    ...inputs: string[]
  ): Promise<{ readonly exitCode: number; readonly outputs: JsonObject; readonly printed: string }>
  restored(pointId: string): Promise<Readonly<Record<DiskName, Buffer>>>
}

async function openDesk(seed: number): Promise<Desk> {
  const folder = mkdtempSync(join(tmpdir(), 'hf-qemu-'))
  const machine = await startMachine(join(folder, 'vm'), seed)
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
  const run: Desk['run'] = async (runbook, ...inputs) => {
    const { exitCode, stdout, stderr } = await command(
      'run',
      runbook,
      '--format',
      'json',
      ...inputs.flatMap((each) => ['-i', each]),
    )
    const lines = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JsonObject)
    const { outputs } = lines.find(({ event }) => event === 'runEnded') ?? {}
    return { exitCode, outputs: isObject(outputs) ? outputs : {}, printed: stdout + stderr }
  }
  return {
    folder,
    machine,
    run,
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
async function leftIn({ machine, folder }: Desk): Promise<readonly string[]> {
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

async function checkpointsOf({ machine }: Desk): Promise<readonly string[]> {
  const nodes = (await machine.ask('query-named-block-nodes', { flat: true })) as readonly JsonObject[]
  const bitmaps = nodes.flatMap((node) => (Array.isArray(node['dirty-bitmaps']) ? (node['dirty-bitmaps'] as JsonObject[]) : []))
  return [...new Set(bitmaps.map(({ name }) => String(name)))]
}

/** Writes all the time until the call has ended. */
async function whileWriting<Result>({ machine }: Desk, call: Promise<Result>): Promise<Result> {
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

const hasPeers = peer('qemu-system-x86_64', 'qemu-system-x86') && peer('qemu-img', 'qemu-utils')

describe.runIf(hasPeers)('a VM of a real QEMU', () => {
  test('P4, P8: is backed up full and incremental while it writes; every point is of one moment on all disks, and nothing is left', {
    timeout: 120_000,
  }, async () => {
    await using desk = await openDesk(7)
    for (let count = 0; count < 40; count += 1) await desk.machine.write()
    const moments: (number | undefined)[] = []
    let lastWrites = 0
    for (const level of ['full', 'incremental', 'incremental']) {
      const { exitCode, outputs, printed } = await whileWriting(desk, desk.run('qemu/vm-backup', 'quiesce=false'))
      expect(exitCode, printed).toBe(0)
      expect(outputs).toMatchObject({ vmId: VM, level, consistency: 'crash', leftOut: [] })
      const moment = desk.machine.momentOf(await desk.restored(String(outputs.pointId)))
      expect(moment).toBeGreaterThan(lastWrites)
      moments.push(moment)
      lastWrites = moment ?? 0
      expect(await leftIn(desk)).toEqual([])
      expect(await checkpointsOf(desk)).toHaveLength(1)
    }
  })
})
