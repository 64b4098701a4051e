// Backups of a real guest that writes all the time, killed at a record of their journal by SIGKILL and brought to their end by another process.
// QEMU and the guest go on meanwhile; they are the judges.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BlockSource, openSource } from '../../../src/blocks/index.ts'
import { createEngine } from '../../../src/engine/index.ts'
import { createMemoryJournal, openJournal } from '../../../src/journal/index.ts'
import type { Outcome } from '../../../src/kernel/index.ts'
import { bootGuest, DISKS, type Guest, makeDisks } from '../../../src/platforms/qemu/measuring/boot.ts'
import { openVault } from '../../../src/vault/index.ts'
import { makeEmptyVault } from '../../faults/kill/crew.ts'
import { type CrewRun, openCrew, VAULT, writeCrew } from '../../faults/kill/crew-file.ts'
import { PASSWORD } from '../../faults/kill/far-side.ts'
import { child } from '../../faults/kill/kill.ts'
import { shipped } from '../../faults/kill/shipped.ts'
import { hearBeats } from './beats.ts'
import { tell, whatIsHeld, whatIsLeft } from './left-behind.ts'

export interface KilledBackups extends AsyncDisposable {
  /** Records that the journal of a backup which nobody kills has. Others have some more or fewer: what happens at the same time may share one. */
  readonly records: number
  /** For how long nothing was written during that backup, at most. */
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
  /** For how long nothing was written from before its start until another process had brought it to its end, at most. */
  readonly stillMs: number
  /** Of the next backup. */
  readonly nextLevel: string
  /** What must not be; a line each. */
  readonly violations: readonly string[]
}

const RUNBOOK = 'qemu/vm-backup'
const TARGETS = { hypervisor: 'hypervisor', guest: 'guest', vault: 'vault' }
/** All that can be held: applications, file systems, processors. */
const INPUTS = { quiesce: true, scripts: 'other', full: false }

export async function openKilledBackups(): Promise<KilledBackups> {
  await using opened = new AsyncDisposableStack()
  const root = await mkdtemp(join(tmpdir(), 'hf-kq-'))
  opened.defer(() => rm(root, { recursive: true, force: true }))
  const [vm, vaultFolder] = [join(root, 'vm'), join(root, 'vault')]
  await makeDisks(vm)
  await makeEmptyVault(vaultFolder)
  const guest = opened.use(await bootGuest(vm, { writes: true }))
  const beats = opened.use(await hearBeats(guest.beatsPath))
  const connections = {
    hypervisor: { type: 'qemu/Hypervisor', settings: { monitor: guest.monitorPath, scratchDirectory: vm } },
    guest: { type: 'guest/Machine', settings: { channel: 'qemu-agent', socket: guest.agentPath } },
    vault: { type: VAULT, settings: { directory: vaultFolder, password: PASSWORD } },
  }

  async function crewOf(id: string): Promise<string> {
    const folder = join(root, id)
    await mkdir(folder)
    const runs: readonly CrewRun[] = [{ id, runbook: RUNBOOK, inputs: INPUTS, targets: TARGETS }]
    await writeCrew(folder, { rate: 1, startedAt: Date.now(), connections, runs })
    return folder
  }

  /** In this process, killed by nobody; answers its outcome, and how many records it has. */
  async function backUp(id: string): Promise<{ readonly outcome: Outcome; readonly records: number }> {
    const start = shipped.find(({ name }) => name === RUNBOOK)?.start
    if (!start) throw new Error(`no runbook ${RUNBOOK}`)
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
    const run = await engine.start({ ...start, inputs: INPUTS, targets: TARGETS })
    return { outcome: await run.ended, records }
  }

  async function killAt(record: number): Promise<KilledBackup | undefined> {
    const id = `killed-${record}`
    const folder = await crewOf(id)
    beats.restart()
    const killed = await child('crew-child.ts', ['record', String(record), folder])
    if (killed.code === 0) return undefined
    if (killed.signal !== 'SIGKILL') throw new Error(`it failed by itself before record ${record}: ${killed.errors}`)
    const resumed = await child('crew-child.ts', ['go', '0', folder])
    const stillMs = beats.longestMs()
    if (resumed.code !== 0) throw new Error(`the process that resumes failed by itself: ${resumed.errors}`)
    const outcome = await outcomeOf(folder, id)
    const held = await whatIsHeld(guest)
    const next = await checkNext(`after-${record}`)
    return {
      status: outcome.status,
      ...(outcome.failure === undefined ? {} : { failure: outcome.failure }),
      stillMs,
      nextLevel: next.level,
      violations: [...outcome.violations, ...held, ...(await whatIsLeft(guest)), ...next.violations],
    }
  }

  /** The next backup, of a VM that stands still, so that it is known what its disks hold. */
  async function checkNext(id: string): Promise<{ readonly level: string; readonly violations: readonly string[] }> {
    await tell(guest, 'stop')
    try {
      const { outcome } = await backUp(id)
      if (outcome.status !== 'succeeded')
        return { level: 'none', violations: [`the next backup ${outcome.status}: ${outcome.failure?.message}`] }
      const { pointId, level } = outcome.outputs ?? {}
      const different = await compare(String(pointId), guest, vaultFolder)
      return { level: String(level), violations: different }
    } finally {
      await tell(guest, 'cont')
    }
  }

  await backUp('first')
  beats.restart()
  const { records } = await backUp('second')
  const undisturbedMs = beats.longestMs()
  const running = opened.move()
  return { records, undisturbedMs, killAt, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

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
      if (!(await areEqual(now, stored))) different.push(`${disk} in the next point is not what was on the disk`)
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
