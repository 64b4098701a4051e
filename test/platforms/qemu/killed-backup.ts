// Backups of real guests that write all the time, killed at a record of their journal by SIGKILL and brought to their end by another process.
// Their QEMUs and the guests go on meanwhile; they are the judges.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BlockSource, openSource } from '../../../src/blocks/index.ts'
import { createEngine } from '../../../src/engine/index.ts'
import { createMemoryJournal, openJournal } from '../../../src/journal/index.ts'
import type { Outcome } from '../../../src/kernel/index.ts'
import { type BootOptions, bootGuest, DISKS, type Guest, makeDisks } from '../../../src/platforms/qemu/measuring/boot.ts'
import { isObject, type JsonObject } from '../../../src/values/index.ts'
import { openVault } from '../../../src/vault/index.ts'
import { makeEmptyVault } from '../../faults/kill/crew.ts'
import { type CrewRun, openCrew, VAULT, writeCrew } from '../../faults/kill/crew-file.ts'
import { PASSWORD } from '../../faults/kill/far-side.ts'
import { child } from '../../faults/kill/kill.ts'
import { shipped } from '../../faults/kill/shipped.ts'
import { type Beats, hearBeats } from './beats.ts'
import { tell, whatIsHeld, whatIsLeft } from './left-behind.ts'

export interface KilledBackups extends AsyncDisposable {
  /** Records that the journal of a backup which nobody kills has. Others have some more or fewer: what happens at the same time may share one. */
  readonly records: number
  /** For how long a guest wrote nothing during that backup, at most. */
  readonly undisturbedMs: number
  /** Undefined where the backup ended before that record. */
  killAt(record: number): Promise<KilledBackup | undefined>
}

/** Kills at records so far apart until one has ended before its record; where that is each record, until two have, for the next may have one more. */
export async function* killsFrom(
  { killAt }: Pick<KilledBackups, 'killAt'>,
  first: number,
  apart: number,
): AsyncGenerator<KilledBackup & { readonly record: number }> {
  for (let record = first, misses = 0; misses * apart < 2; record += apart) {
    const killed = await killAt(record)
    if (killed) yield { record, ...killed }
    else misses += 1
  }
}

export interface KilledBackup {
  /** Of the run that was killed, in its journal. */
  readonly status: string
  readonly failure?: string
  /** For how long a guest wrote nothing from before its start until another process had brought it to its end, at most. */
  readonly stillMs: number
  /** What that other process took, its start included. */
  readonly takeOverMs: number
  /** Of the next backup, one for each VM. */
  readonly nextLevels: readonly string[]
  /** What must not be; a line each. */
  readonly violations: readonly string[]
}

const RUNBOOKS = {
  'qemu/vm-backup': { vms: ['first'], names: { vm: 'first' } },
  /** Their writers share transactions. */
  'qemu/group-backup': { vms: ['first', 'second'], names: { vms: ['first', 'second'] } },
} as const

export type KilledRunbook = keyof typeof RUNBOOKS
export const KILLED_RUNBOOKS = Object.keys(RUNBOOKS) as readonly KilledRunbook[]

const UUIDS = { first: '8e1d4d0c-5a3b-4a0e-8f57-6b9a1c2d3e4f', second: '9f2e5e1d-5a3b-4a0e-8f57-6b9a1c2d3e4f' } as const
const TARGETS = { hypervisor: 'hypervisor', guest: 'guest', vault: 'vault' }

export async function openKilledBackups(runbook: KilledRunbook): Promise<KilledBackups> {
  await using opened = new AsyncDisposableStack()
  const root = await mkdtemp(join(tmpdir(), 'hf-kq-'))
  opened.defer(() => rm(root, { recursive: true, force: true }))
  const vaultFolder = join(root, 'vault')
  await makeEmptyVault(vaultFolder)
  const { vms, names } = RUNBOOKS[runbook]
  const guestsByName = new Map<string, Guest>()
  const beats: Beats[] = []
  for (const name of vms) {
    await makeDisks(join(root, name))
    const link: BootOptions['link'] = vms.length > 1 ? { path: join(root, 'link.sock'), role: name } : undefined
    const guest = opened.use(await bootGuest(join(root, name), { writes: true, vm: { name, uuid: UUIDS[name] }, link }))
    guestsByName.set(name, guest)
  }
  const guests = [...guestsByName.values()]
  for (const { beatsPath } of guests) beats.push(opened.use(await hearBeats(beatsPath)))
  const restartBeats = (): void => beats.forEach((each) => void each.restart())
  const longestMs = (): number => Math.max(...beats.map((each) => each.longestMs()))
  /** All that can be held: applications, file systems, processors. */
  const inputs = { ...names, quiesce: true, scripts: 'other', full: false }
  const connections = {
    hypervisor: {
      type: 'qemu/Hypervisor',
      settings: { monitor: join(root, '{vm}', 'monitor.sock'), scratchDirectory: join(root, '{vm}') },
    },
    guest: { type: 'guest/Machine', settings: { channel: 'qemu-agent', socket: join(root, '{vm}', 'agent.sock') } },
    vault: { type: VAULT, settings: { directory: vaultFolder, password: PASSWORD } },
  }

  async function crewOf(id: string): Promise<string> {
    const folder = join(root, id)
    await mkdir(folder)
    const runs: readonly CrewRun[] = [{ id, runbook, inputs, targets: TARGETS }]
    await writeCrew(folder, { rate: 1, startedAt: Date.now(), connections, runs })
    return folder
  }

  /** In this process, killed by nobody; answers its outcome, and how many records it has. */
  async function backUp(id: string): Promise<{ readonly outcome: Outcome; readonly records: number }> {
    const start = shipped.find(({ name }) => name === runbook)?.start
    if (!start) throw new Error(`no runbook ${runbook}`)
    await using crew = await openCrew(await crewOf(id), 0)
    let records = 0
    const memory = createMemoryJournal()
    const journal = {
      ...memory,
      append: async (...given: Parameters<typeof memory.append>) => {
        records += 1
        await memory.append(...given)
      },
    }
    await using engine = createEngine({ ...crew.options, journal, owner: 'nobody kills it', newRunId: () => id })
    const run = await engine.start({ ...start, inputs, targets: TARGETS })
    return { outcome: await run.ended, records }
  }

  async function killAt(record: number): Promise<KilledBackup | undefined> {
    const id = `killed-${record}`
    const folder = await crewOf(id)
    restartBeats()
    const killed = await child('crew-child.ts', ['record', String(record), folder])
    if (killed.code === 0) return undefined
    if (killed.signal !== 'SIGKILL') throw new Error(`it failed by itself before record ${record}: ${killed.errors}`)
    const killedAt = performance.now()
    const resumed = await child('crew-child.ts', ['go', '0', folder])
    const [stillMs, takeOverMs] = [longestMs(), performance.now() - killedAt]
    if (resumed.code !== 0) throw new Error(`the process that resumes failed by itself: ${resumed.errors}`)
    const outcome = await outcomeOf(folder, id)
    const violations = [...outcome.violations]
    for (const guest of guests) violations.push(...(await whatIsHeld(guest)), ...(await whatIsLeft(guest)))
    const next = await checkNext(`after-${record}`)
    return {
      status: outcome.status,
      ...(outcome.failure === undefined ? {} : { failure: outcome.failure }),
      stillMs,
      takeOverMs,
      nextLevels: next.levels,
      violations: [...violations, ...next.violations],
    }
  }

  /** The next backup, of VMs that stand still, so that it is known what their disks hold. */
  async function checkNext(id: string): Promise<{ readonly levels: readonly string[]; readonly violations: readonly string[] }> {
    for (const guest of guests) await tell(guest, 'stop')
    try {
      const { outcome } = await backUp(id)
      const points = pointsOf(outcome)
      const violations = points.length < vms.length ? [`the next backup ${outcome.status}: ${outcome.failure?.message}`] : []
      for (const { name, pointId } of points) {
        const guest = guestsByName.get(name)
        if (guest) violations.push(...(await compare(pointId, guest, vaultFolder)))
      }
      return { levels: points.map(({ level }) => level), violations }
    } finally {
      for (const guest of guests) await tell(guest, 'cont')
    }
  }

  /** One for each VM that was backed up. */
  function pointsOf({ status, outputs = {} }: Outcome): readonly Point[] {
    if (status !== 'succeeded') return []
    const points = Array.isArray(outputs.points) ? outputs.points.filter(isObject) : [{ name: vms[0], ...outputs }]
    return points.map(pointOf)
  }

  await backUp('first-of-all')
  restartBeats()
  const { records } = await backUp('second-of-all')
  const undisturbedMs = longestMs()
  const running = opened.move()
  return { records, undisturbedMs, killAt, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

interface Point {
  readonly name: string
  readonly pointId: string
  readonly level: string
}

const pointOf = ({ name, pointId, level }: JsonObject): Point => ({
  name: String(name),
  pointId: String(pointId),
  level: String(level),
})

async function outcomeOf(folder: string, id: string) {
  await using journal = openJournal(join(folder, 'journal.sqlite'))
  const run = await journal.run(id)
  const open = await journal.obligations({ open: true })
  const locks = await journal.locks()
  const status = run?.status ?? 'neverBegun'
  return {
    status,
    failure: run?.outcome?.failure?.type,
    violations: [
      ...(status === 'running' ? ['the run never ended'] : []),
      ...open.map(({ obligation }) => `never settled: ${obligation.id}`),
      ...locks.map(({ name }) => `still locked: ${name}`),
    ],
  }
}

/** Every byte of a point against what QEMU itself says is on the disks. */
async function compare(pointId: string, guest: Guest, vaultFolder: string): Promise<readonly string[]> {
  await using vault = await openVault(vaultFolder, PASSWORD, { threads: 0 })
  const path = join(guest.folder, 'judge.sock')
  await tell(guest, 'nbd-server-start', { addr: { type: 'unix', data: { path } } })
  try {
    const different: string[] = []
    for (const disk of DISKS) {
      await tell(guest, 'block-export-add', { type: 'nbd', id: `judge-${disk}`, 'node-name': `${disk}-format`, name: disk })
      await using now = await openSource({ kind: 'nbd-unix', path, exportName: disk }, { reconnect: false })
      await using stored = await vault.openDisk(pointId, disk)
      if (!(await areEqual(now, stored)))
        different.push(`${disk} in the next point of ${guest.folder} is not what was on the disk`)
    }
    return different
  } finally {
    await tell(guest, 'nbd-server-stop')
  }
}

const PIECE_BYTES = 4 * 2 ** 20

async function areEqual(left: BlockSource, right: BlockSource): Promise<boolean> {
  if (left.sizeBytes !== right.sizeBytes) return false
  for (let offset = 0; offset < left.sizeBytes; offset += PIECE_BYTES) {
    const pieces = [left, right].map((source) => ({
      source,
      bytes: Buffer.alloc(Math.min(PIECE_BYTES, left.sizeBytes - offset)),
    }))
    for (const { source, bytes } of pieces) await source.read(offset, bytes)
    if (pieces[0] && !pieces[1]?.bytes.equals(pieces[0].bytes)) return false
  }
  return true
}
