// The demonstration of this platform: one real guest that writes to two disks, backed up in four ways, and what each is really worth,
// measured by booting what was restored. It needs QEMU, and packages of a Debian for the guest.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '../../../values/index.ts'
import type { DemoStage, StartDemo } from '../../platform.ts'
import { ask, bootGuest, DISKS, type DiskName, makeDisks } from './boot.ts'
import { type Measured, measure } from './measure.ts'

/** A way to back up, as inputs of the runs that it takes. */
interface Way {
  readonly title: string
  readonly runs: readonly JsonObject[]
}

const WAYS: readonly Way[] = [
  { title: 'disk after disk, in two runs', runs: DISKS.map((disk) => ({ quiesce: false, disks: [disk] })) },
  { title: 'all disks at one instant', runs: [{ quiesce: false }] },
  { title: '… file systems frozen', runs: [{ quiesce: true }] },
  { title: '… and the application told', runs: [{ quiesce: true, scripts: 'other' }] },
]

export const startDemo: StartDemo = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hf-demo-'))
  const source = join(folder, 'vm')
  await makeDisks(source)
  const guest = await bootGuest(source, { writes: true })
  return {
    targets: {
      hypervisor: { connection: 'qemu/Hypervisor', settings: { monitor: guest.monitorPath, scratchDirectory: source } },
      guest: { connection: 'guest/Machine', settings: { channel: 'qemu-agent', socket: guest.agentPath } },
    },
    play: (stage) => play(stage, folder, guest.monitorPath),
    [Symbol.asyncDispose]: async () => {
      await guest[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function play(stage: DemoStage, folder: string, monitorPath: string): Promise<readonly string[]> {
  const rows: { readonly title: string; readonly claimed: readonly string[]; readonly measured: Measured }[] = []
  for (const [index, { title, runs }] of WAYS.entries()) {
    stage.chapter(`Backed up ${title.replace('… ', '')}; restored; booted`)
    const points: JsonObject[] = []
    for (const inputs of runs) points.push(await stage.run('qemu/vm-backup', inputs))
    const directory = join(folder, `restored-${index}`)
    const files: Partial<Record<DiskName, string>> = {}
    for (const { pointId } of points) {
      const restored = await stage.run('qemu/vm-restore', { pointId: String(pointId), directory, name: 'measured' })
      for (const file of restored.files as readonly string[]) {
        const disk = DISKS.find((each) => file.endsWith(`.${each}.raw`))
        if (disk) files[disk] = file
      }
    }
    // What was restored boots sooner while nobody else computes.
    await ask(monitorPath, 'stop')
    const measured = await measure(join(folder, `boot-${index}`), files as Record<DiskName, string>)
    await ask(monitorPath, 'cont')
    rows.push({ title, claimed: [...new Set(points.map(({ consistency }) => String(consistency)))], measured })
  }

  stage.chapter('What came of it')
  stage.say(line('backed up', 'claimed', 'measured', 'journal', 'table', 'file systems'))
  for (const { title, claimed, measured } of rows) {
    const { level, journal, table, clean } = measured
    stage.say(line(title, claimed.join(', '), level, String(journal), String(table), clean ? 'clean' : 'to be recovered'))
  }
  stage.say('two runs are two instants: each point is as good as it claims, both together are nothing')
  const problems = rows.flatMap(({ title, claimed, measured }, index) =>
    WAYS[index]?.runs.length === 1 && claimed[0] !== measured.level
      ? [`${title}: claimed ${claimed[0]}, measured ${measured.level}`]
      : [],
  )
  const left = await leftIn(monitorPath)
  if (left.length === 0) stage.say('QEMU holds no filter, scratch, export or old checkpoint')
  return [...problems, ...left]
}

const WIDTHS = [31, 13, 13, 9, 9, 0] as const
const line = (...cells: readonly string[]): string =>
  cells
    .map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0))
    .join('')
    .trimEnd()

/** What of Holdfast's is left inside QEMU, but for the last run's checkpoint. */
async function leftIn(monitorPath: string): Promise<readonly string[]> {
  const nodes = (await ask(monitorPath, 'query-named-block-nodes')) as readonly JsonObject[]
  const exports = (await ask(monitorPath, 'query-block-exports')) as readonly JsonObject[]
  const bitmaps = nodes.flatMap((node) => (node['dirty-bitmaps'] ?? []) as readonly JsonObject[])
  const checkpoints = [...new Set(bitmaps.map(({ name }) => String(name)))]
  return [
    ...nodes.map((node) => String(node['node-name'])).filter((name) => name.startsWith('hf-')),
    ...exports.map(({ id }) => `export ${String(id)}`),
    ...checkpoints.slice(1).map((name) => `checkpoint ${name}`),
  ]
}
