// What is true of the SQLite file alone: modes, formats, sharing between processes, what is stored once.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Journal, JournalUnusable, openJournal, ownerLives, processOwner } from '../../src/journal/index.ts'
import { createOfFormat } from '../../src/journal/schema.ts'
import type { Event } from '../../src/kernel/index.ts'
import { type JsonObject, Secret } from '../../src/values/index.ts'
import { listOf } from './history.ts'

let folder: string
let path: string
const opened: Journal[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-journal-'))
  path = join(folder, 'state', 'journal.db')
})
afterEach(async () => {
  for (const journal of opened.splice(0)) await journal[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

function open(): Journal {
  const journal = openJournal(path)
  opened.push(journal)
  return journal
}

async function withRun(journal: Journal): Promise<number> {
  await journal.createRun({ id: 'r', runbook: 't/r', runbookVersion: '1.0.0', pins: {}, inputs: {}, targets: {}, createdAt: 1 })
  return (await journal.claim('r', processOwner(), false)) ?? Number.NaN
}

const output = (value: JsonObject): Event => ({ at: 1, kind: 'callSucceeded', call: 'c', output: value })

function look<T>(sql: string): readonly T[] {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    return database.prepare(sql).all() as unknown as readonly T[]
  } finally {
    database.close()
  }
}

describe('the SQLite journal', () => {
  it('makes its folder and files readable by their owner only', async () => {
    const journal = open()
    await withRun(journal)
    const mode = async (name: string) => ((await stat(name)).mode & 0o777).toString(8)
    expect(await mode(join(folder, 'state'))).toBe('700')
    expect(await mode(path)).toBe('600')
    expect(await mode(`${path}-wal`)).toBe('600')
    expect(await mode(`${path}-shm`)).toBe('600')
  })

  it('brings a journal of format 1 up to date, with the runs that it holds', async () => {
    await mkdir(join(folder, 'state'))
    const database = new DatabaseSync(path)
    createOfFormat(database, 1)
    database.exec(`INSERT INTO runs (id, runbook, runbook_version, pins, inputs, targets, created_at, events)
      VALUES ('r', 't/r', '1.0.0', '{}', '{}', '{}', 1, 1)`)
    const event = output({ n: 1 })
    database.prepare('INSERT INTO events VALUES (?, 0, ?)').run('r', JSON.stringify(event))
    database.close()
    const journal = open()
    const epoch = (await journal.claim('r', processOwner(), true)) ?? Number.NaN
    const asked = { path: 'gate', prompt: 'go on?', askedAt: 1 }
    await journal.append('r', epoch, { events: [], obligations: [], asked: [asked] })
    expect(await journal.approvals()).toEqual([{ runId: 'r', approval: asked }])
    expect(await listOf(journal.events('r'))).toEqual([event])
    expect(look<{ user_version: number }>('PRAGMA user_version')).toEqual([{ user_version: 3 }])
  })

  it('refuses a journal of a newer format and leaves it as it was', async () => {
    await open()[Symbol.asyncDispose]()
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 99; PRAGMA journal_mode = DELETE')
    database.close()
    const before = await readFile(path)
    expect(open).toThrow(/journal format 99; this version reads up to 3/)
    expect(await readFile(path)).toEqual(before)
  })

  it('refuses a database of another program and leaves it as it was', async () => {
    path = join(folder, 'other.db')
    const database = new DatabaseSync(path)
    database.exec('CREATE TABLE theirs (a)')
    database.close()
    const before = await readFile(path)
    expect(open).toThrow(/database of another program/)
    expect(await readFile(path)).toEqual(before)
  })

  it('refuses a file that is no database', async () => {
    path = join(folder, 'text')
    await writeFile(path, 'not a database, '.repeat(100))
    expect(open).toThrow(JournalUnusable)
  })

  it('stores a large part once, however often it passes through', async () => {
    const journal = open()
    const epoch = await withRun(journal)
    const extents = Array.from({ length: 2000 }, (_, n) => ({ offsetBytes: n * 65_536, lengthBytes: 65_536, kind: 'data' }))
    const asOutput = output({ maps: [{ disk: 'ide0', extents }] })
    const asInput: Event = {
      at: 2,
      kind: 'evaluated',
      id: 'e',
      values: { with: { level: 'full', maps: [{ extents, disk: 'ide0' }] } },
    }
    await journal.append('r', epoch, { events: [asOutput, asInput], obligations: [] })
    expect(look('SELECT 1 FROM documents')).toHaveLength(1)
    const read: Event[] = []
    for await (const event of journal.events('r')) read.push(event)
    expect(read).toEqual([asOutput, asInput])
  })

  it('gives the room of removed runs back to the file system', async () => {
    const journal = open()
    for (const id of ['old', 'new']) {
      await journal.createRun({ id, runbook: 't/r', runbookVersion: '1.0.0', pins: {}, inputs: {}, targets: {}, createdAt: 1 })
      const epoch = (await journal.claim(id, processOwner(), false)) ?? Number.NaN
      const parts = Array.from({ length: 200 }, (_, index) => `${id} ${index} `.repeat(3000))
      await journal.append(id, epoch, {
        events: [output({ parts })],
        obligations: [],
        outcome: { status: 'succeeded', owed: [] },
      })
    }
    await journal.removeUnusedDocuments()
    const { size: before } = await stat(path)
    expect(await journal.removeRun('old')).toBe(true)
    expect(await journal.removeUnusedDocuments()).toBeGreaterThan(100)
    expect((await stat(path)).size).toBeLessThan(before * 0.6)
    expect(look('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
  })

  it('commits what many runs append in one turn as one transaction', async () => {
    const journal = open()
    const epoch = await withRun(journal)
    const framesBefore = (await stat(`${path}-wal`)).size
    await Promise.all(
      Array.from({ length: 200 }, (_, n) => journal.append('r', epoch, { events: [output({ n })], obligations: [] })),
    )
    // 200 transactions of at least two 4 KiB pages each would be 1.6 MB.
    expect((await stat(`${path}-wal`)).size - framesBefore).toBeLessThan(200_000)
  })

  it('keeps a secret out of every byte of its files (P11)', async () => {
    const journal = open()
    const epoch = await withRun(journal)
    const secret = new Secret('correct horse battery')
    await journal.append('r', epoch, { events: [output({ secret } as unknown as JsonObject)], obligations: [] })
    await journal.saveCheckpoint('r', epoch, 'p', { secret } as unknown as JsonObject)
    const bytes = Buffer.concat([await readFile(path), await readFile(`${path}-wal`)])
    expect(bytes.includes('‹secret›')).toBe(true)
    expect(bytes.includes('correct horse')).toBe(false)
  })

  it('waits for another process that holds the file', async () => {
    const journal = open()
    const epoch = await withRun(journal)
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const appended = journal.append('r', epoch, { events: [output({})], obligations: [] })
    const first = await Promise.race([
      appended.then(() => 'appended'),
      new Promise((resolve) => setImmediate(resolve, 'waiting')),
    ])
    other.exec('COMMIT')
    other.close()
    await appended
    expect(first).toBe('waiting')
    expect((await journal.run('r'))?.events).toBe(1)
  })

  it('refuses writes once it is closed', async () => {
    const journal = open()
    const epoch = await withRun(journal)
    const appended = journal.append('r', epoch, { events: [output({})], obligations: [] })
    await journal[Symbol.asyncDispose]()
    await appended
    await expect(journal.append('r', epoch, { events: [], obligations: [] })).rejects.toThrow(JournalUnusable)
  })

  it('shares one file between open journals', async () => {
    const [ours, theirs] = [open(), open()]
    const epoch = await withRun(ours)
    await theirs.requestCancel('r', 'from outside')
    expect(await ours.cancelRequest('r')).toBe('from outside')
    await theirs.claim('r', processOwner(), true)
    expect(() => ours.assertOwner('r', epoch)).toThrow(/owned by another/)
  })
})

describe('the owner of a run', () => {
  it('lives while its process does, and is dead when another process has its id', async () => {
    expect(ownerLives(processOwner())).toBe(true)
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    const started = processOwner().replace(/:\d+:\d+$/, `:${child.pid}:0`)
    expect(ownerLives(started)).toBe(true)
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(ownerLives(started)).toBe(false)
  })

  it('is told apart from a later process with the same id', ({ skip }) => {
    if (process.platform !== 'linux') skip('start times are read from /proc')
    expect(ownerLives(processOwner().replace(/\d+$/, '1'))).toBe(false)
  })
})
