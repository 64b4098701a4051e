// The shipped runbooks with a platform, VMs and a vault for each run of them; and what must be true of a run that was killed and resumed.
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createEngine } from '../../../src/engine/index.ts'
import { createMemoryJournal, openJournal } from '../../../src/journal/index.ts'
import { startScpSimulator } from '../../../src/platforms/sangfor-scp/simulator/index.ts'
import { type Json, type JsonObject, Secret } from '../../../src/values/index.ts'
import { initVault, openVault } from '../../../src/vault/index.ts'
import { noise } from '../../vault/world.ts'
import openScene, { type ScpSceneFile } from './scp.scene.ts'

export const SHIPPED = [
  'consistency-group-backup',
  'vm-backup',
  'vm-restore',
  'cbt-enable',
  'cbt-disable',
  'consistency-group-create',
] as const

export type ShippedRunbook = (typeof SHIPPED)[number]

export interface Judged {
  /** `neverBegun`: the process died before its run was in the journal. */
  readonly status: string
  /** Points whose bytes were held against their VM's disk, and VMs that were against the point that they were restored from. */
  readonly equal: number
  /** What must not be; a line each. */
  readonly violations: readonly string[]
}

export interface ShippedStage extends AsyncDisposable {
  /** Makes a folder with VMs and a vault of its own below the root, for one run of the runbook. Disks are of 1 MiB unless told. */
  folderOf(runbook: ShippedRunbook, name: string, diskBytes?: number): Promise<string>
  judge(folder: string): Promise<Judged>
  /** What is left on the platform when all runs have ended; a line each. */
  leaks(): readonly string[]
}

/** A lease of five minutes takes 15 seconds: long enough for another process to start on a busy machine. */
const RATE = 20
const PASSWORD = 'correct horse'
const DISK_BYTES = 2 ** 20

interface Guest {
  readonly id: string
  readonly bytes: Buffer
}

export async function openShipped(root: string): Promise<ShippedStage> {
  const behaviour = { taskWaitMs: 0, taskRunMs: 200, visibleAfterMs: 100 }
  const scp = await startScpSimulator({ seed: 'kill', rate: RATE, behaviour })
  const guestsIn = new Map<string, readonly Guest[]>()
  const emptyVault = join(root, 'vault')
  await initVault(emptyVault, new Secret(PASSWORD), { keyCost: 1024 })
  const backedUp = await backUpOnce()

  const guest = (name: string, diskBytes: number): Guest => {
    const bytes = Buffer.alloc(diskBytes)
    // What does not compress shall fill a disk.
    if (diskBytes > DISK_BYTES) noise(name.length, diskBytes).copy(bytes)
    else bytes.fill(`${name}; `, 100_000 * (name.length % 4), 400_000)
    return { id: scp.addVm({ name, disks: [{ bytes }] }).id, bytes }
  }

  async function writeScene(folder: string, runbook: ShippedRunbook, inputs: JsonObject): Promise<void> {
    const settings: Record<string, Json> = {}
    const secrets: Record<string, string> = {}
    for (const [key, value] of Object.entries(scp.settings)) {
      if (value instanceof Secret) secrets[key] = value.reveal()
      else settings[key] = value
    }
    const scene: ScpSceneFile = { settings, secrets, runbook, inputs, vaultPassword: PASSWORD, rate: RATE }
    await writeFile(join(folder, 'scene.json'), JSON.stringify(scene), { mode: 0o600 })
  }

  async function backUpOnce(): Promise<{ readonly folder: string; readonly pointId: string; readonly bytes: Buffer }> {
    const folder = join(root, 'backed-up')
    await mkdir(folder)
    await cp(emptyVault, join(folder, 'vault'), { recursive: true })
    const bytes = Buffer.alloc(DISK_BYTES)
    bytes.fill('to be restored; ', 1000, 500_000)
    const { id } = scp.addVm({ name: 'backed-up', disks: [{ bytes }] })
    await writeScene(folder, 'vm-backup', { serverId: id })
    const outputs = await runHere(folder)
    return { folder, pointId: String(outputs.pointId), bytes }
  }

  /** What the killed runbook needs before: the same scene, run to its end in this process. */
  async function runHere(folder: string): Promise<JsonObject> {
    await using opened = await openScene(folder)
    await using engine = createEngine({
      ...opened.options,
      journal: createMemoryJournal(),
      owner: 'before',
      newRunId: () => crypto.randomUUID(),
    })
    const { status, failure, outputs = {} } = await (await engine.start(await opened.request())).ended
    if (status !== 'succeeded') throw new Error(`what comes before ${status}: ${failure?.message}`)
    return outputs
  }

  async function folderOf(runbook: ShippedRunbook, name: string, diskBytes = DISK_BYTES): Promise<string> {
    const folder = join(root, name)
    await mkdir(folder)
    await cp(runbook === 'vm-restore' ? join(backedUp.folder, 'vault') : emptyVault, join(folder, 'vault'), { recursive: true })
    const guests =
      runbook === 'vm-restore'
        ? []
        : runbook === 'vm-backup'
          ? [guest(name, diskBytes)]
          : [guest(name, diskBytes), guest(`${name}-too`, diskBytes)]
    guestsIn.set(folder, guests)
    const serverIds = guests.map(({ id }) => id)
    if (runbook === 'cbt-disable') {
      await writeScene(folder, 'cbt-enable', { serverIds })
      await runHere(folder)
    }
    await writeScene(folder, runbook, inputsOf(runbook, name, serverIds))
    return folder
  }

  function inputsOf(runbook: ShippedRunbook, name: string, serverIds: readonly string[]): JsonObject {
    switch (runbook) {
      case 'consistency-group-backup':
        return { groupId: scp.addGroup(name, serverIds) }
      case 'vm-backup':
        return { serverId: serverIds[0] ?? '' }
      case 'vm-restore':
        return { pointId: backedUp.pointId, name }
      case 'cbt-enable':
      case 'cbt-disable':
        return { serverIds }
      case 'consistency-group-create':
        return { name, serverIds }
      default:
        return runbook satisfies never
    }
  }

  async function judge(folder: string): Promise<Judged> {
    const { runbook, inputs } = JSON.parse(await readFile(join(folder, 'scene.json'), 'utf8')) as ScpSceneFile
    await using journal = openJournal(join(folder, 'journal.sqlite'))
    // Not the newest: on clocks that run fast, an earlier process may have been ahead.
    const runs = await journal.runs()
    const run = ['running', 'succeeded'].flatMap((status) => runs.find((each) => each.status === status) ?? [])[0] ?? runs[0]
    const done = run?.status === 'succeeded'
    const open = await journal.obligations({ open: true })
    const made = await judgeMade(folder, runbook as ShippedRunbook, inputs, done)
    return {
      status: run?.status ?? 'neverBegun',
      equal: made.equal,
      violations: [
        ...(run?.status === 'running' ? ['the run never ended'] : []),
        ...(run?.outcome?.owed ?? []).map((id) => `the run owes ${id}`),
        ...open.map(({ obligation }) => `never settled: ${obligation.id}`),
        ...(await journal.locks()).map(({ name }) => `still locked: ${name}`),
        ...made.violations,
      ],
    }
  }

  async function judgeMade(
    folder: string,
    runbook: ShippedRunbook,
    inputs: JsonObject,
    done: boolean,
  ): Promise<Omit<Judged, 'status'>> {
    const state = scp.state() as unknown as {
      readonly vms: readonly {
        readonly id: string
        readonly name: string
        readonly disks: readonly { readonly tracked: boolean }[]
      }[]
      readonly groups: readonly { readonly name: string }[]
    }
    const guests = guestsIn.get(folder) ?? []
    switch (runbook) {
      case 'consistency-group-backup':
      case 'vm-backup':
        return judgeVault(folder, guests, done)
      case 'vm-restore': {
        const restored = state.vms.filter(({ name }) => name.startsWith(`${inputs.name}-`))
        const equal = restored.filter(({ id }) => isEqual(id, backedUp.bytes)).length
        return {
          equal,
          violations: equal === (done ? 1 : 0) && restored.length === equal ? [] : [`${restored.length} VMs, ${equal} whole`],
        }
      }
      case 'cbt-enable':
      case 'cbt-disable': {
        const ids = new Set(guests.map(({ id }) => id))
        const tracked = state.vms.filter(({ id }) => ids.has(id)).flatMap(({ disks }) => disks.map((disk) => disk.tracked))
        const wrong = done && tracked.some((each) => each !== (runbook === 'cbt-enable'))
        return { equal: 0, violations: wrong ? ['tracking is not as the run says'] : [] }
      }
      case 'consistency-group-create': {
        const groups = state.groups.filter(({ name }) => name === inputs.name).length
        return { equal: 0, violations: groups === (done ? 1 : 0) ? [] : [`${groups} groups of the name`] }
      }
      default:
        return runbook satisfies never
    }
  }

  function isEqual(serverId: string, bytes: Buffer): boolean {
    const found = Buffer.alloc(bytes.length)
    scp.disk(serverId, 'ide0').read(0, found)
    return found.equals(bytes)
  }

  async function judgeVault(folder: string, guests: readonly Guest[], done: boolean): Promise<Omit<Judged, 'status'>> {
    await using vault = await openVault(join(folder, 'vault'), new Secret(PASSWORD), { threads: 0 })
    const { damagedPoints, problems } = await vault.verify({ data: true })
    const violations = [...problems, ...damagedPoints.map(({ id }) => `point ${id} is damaged`)]
    let equal = 0
    for (const { id, bytes } of guests) {
      const points = await vault.points({ vm: id })
      if (points.length !== 1 && (done || points.length > 1)) violations.push(`${points.length} points of ${id}`)
      for (const point of points) {
        await using disk = await vault.openDisk(point.id, 'ide0')
        const stored = Buffer.alloc(bytes.length)
        await disk.read(0, stored)
        if (stored.equals(bytes)) equal += 1
        else violations.push(`point ${point.id} holds other bytes than its VM`)
      }
    }
    return { equal, violations }
  }

  return {
    folderOf,
    judge,
    leaks: () => [...scp.leaks(), ...scp.violations],
    [Symbol.asyncDispose]: () => scp[Symbol.asyncDispose](),
  }
}
