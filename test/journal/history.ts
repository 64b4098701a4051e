// A journal with a run that ended and one that a process left when it died, in pages of every kind; and all that can be read of it.
import { copyFileSync, existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { type Journal, openJournal } from '../../src/journal/index.ts'
import type { Event, Obligation } from '../../src/kernel/index.ts'

export const FILES = ['', '-wal', '-count'] as const

/** An owner that is dead on every host of this name. */
const DEAD = 'nobody:1:1'

const event = (n: number): Event => ({
  at: n,
  kind: 'callSucceeded',
  call: `call-${n}`,
  output: { n, what: 'x'.repeat(n % 700) },
})

const duty = (id: string, state: Obligation['state']): Obligation => ({
  ...{ id, type: 't/Thing', owner: '', input: { name: id }, identity: { name: id }, parents: [], keepOnSuccess: false },
  ...{ state, intendedAt: 1, sentAt: 1, releaseAttempts: 0 },
})

/** Writes to `path`, and copies what a process that dies at once leaves to `left`. Part of it is in the log alone. */
export async function leaveBehind(path: string, left: string): Promise<void> {
  await using journal = openJournal(path)
  const header = { runbook: 't/r', runbookVersion: '1.0.0', inputs: { vm: 'erp' }, targets: { cloud: 'prod' }, createdAt: 1 }
  // Large texts take pages of their own; the second one is an event's.
  const text = 'a runbook, '.repeat(3000)
  const pins = { runbook: await journal.putDocument(text) }
  await journal.createRun({ ...header, id: 'ended', pins })
  const first = await claim(journal, 'ended')
  for (let n = 0; n < 100; n += 1) {
    const obligations = n % 10 === 0 ? [duty(`thing-${n}`, 'released')] : []
    await journal.append('ended', first, { events: [event(n)], obligations })
  }
  await journal.saveCheckpoint('ended', first, 'copy', { map: Array.from({ length: 900 }, (_, n) => n) })
  const large: Event = {
    at: 200,
    kind: 'callSucceeded',
    call: 'maps',
    output: { maps: Array.from({ length: 6000 }, (_, n) => n) },
  }
  await journal.append('ended', first, {
    events: [large],
    obligations: [],
    outcome: { status: 'succeeded', outputs: {}, owed: [] },
  })
  checkpoint(path)
  await journal.createRun({ ...header, id: 'left', pins, createdAt: 2 })
  const second = await claim(journal, 'left')
  for (let n = 0; n < 30; n += 1) {
    await journal.append('left', second, { events: [event(n)], obligations: n < 5 ? [duty(`held-${n}`, 'held')] : [] })
  }
  await journal.tryLock('group', 'left', second)
  await journal.saveCheckpoint('left', second, 'copy', { atBytes: 4096 })
  await journal.append('left', second, { events: [], obligations: [], asked: [{ path: 'gate', prompt: 'go on?', askedAt: 3 }] })
  for (const file of FILES) copyFileSync(`${path}${file}`, `${left}${file}`)
}

export function copyFiles(from: string, to: string): void {
  for (const file of FILES) if (existsSync(`${from}${file}`)) copyFileSync(`${from}${file}`, `${to}${file}`)
}

/** All that Holdfast can learn from a journal. */
export async function readAll(journal: Journal): Promise<unknown> {
  const runs = await journal.runs()
  return {
    runs,
    running: await journal.runs({ status: 'running' }),
    events: await Promise.all(runs.map(({ id }) => listOf(journal.events(id)))),
    texts: await Promise.all(runs.flatMap(({ pins }) => Object.values(pins).map((hash) => journal.document(hash)))),
    owed: await journal.obligations({ open: true }),
    settled: await journal.obligations({ open: false }),
    locks: await journal.locks(),
    questions: await journal.approvals(),
    checkpoint: await journal.loadCheckpoint('left', 'copy'),
  }
}

/** A run can go on in it: what is appended is read again. */
export async function goesOn(journal: Journal): Promise<boolean> {
  const epoch = await claim(journal, 'left')
  const before = (await listOf(journal.events('left'))).length
  await journal.append('left', epoch, { events: [event(99)], obligations: [duty('held-9', 'held')] })
  const owed = await journal.obligations({ open: true, runId: 'left' })
  return (await listOf(journal.events('left'))).length === before + 1 && owed.at(-1)?.obligation.id === 'held-9'
}

export async function listOf<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

async function claim(journal: Journal, id: string): Promise<number> {
  return (await journal.claim(id, DEAD, true)) ?? Number.NaN
}

function checkpoint(path: string): void {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA wal_checkpoint(PASSIVE)')
  database.close()
}
