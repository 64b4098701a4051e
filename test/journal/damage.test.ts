// J4: what is read is what was written, or the journal is refused. Damage is done to the files as a dead process left them.
import { mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { JournalUnusable, openJournal } from '../../src/journal/index.ts'
import { createRandom } from '../../src/rehearse/random.ts'
import { copyFiles, FILES, goesOn, leaveBehind, readAll } from './history.ts'

const FLIPS = 300
const TIMEOUT_MS = 120_000
const SEED = 'journal'

let folder: string
let left: string
let whole: unknown
let copies = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-damage-'))
  left = join(folder, 'left.sqlite')
  await leaveBehind(join(folder, 'written.sqlite'), left)
  whole = await readOf(copy())
})
afterAll(() => rm(folder, { recursive: true }))

function copy(): string {
  copies += 1
  const path = join(folder, `copy-${copies}.sqlite`)
  copyFiles(left, path)
  return path
}

async function readOf(path: string): Promise<unknown> {
  await using journal = openJournal(path)
  return await readAll(journal)
}

type Verdict = 'refused' | 'harmless' | 'believed'

/** `harmless`: all is read as it was written, and a run goes on. */
async function judge(path: string): Promise<Verdict> {
  try {
    await using journal = openJournal(path)
    const read = await readAll(journal)
    if (JSON.stringify(read) !== JSON.stringify(whole)) return 'believed'
    return (await goesOn(journal)) ? 'harmless' : 'believed'
  } catch (error) {
    if (error instanceof JournalUnusable && error.hint !== '') return 'refused'
    throw error
  }
}

async function flip(path: string, bit: number): Promise<void> {
  const file = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, bit >> 3)
  byte.writeUInt8(byte.readUInt8() ^ (1 << (bit & 7)))
  await file.write(byte, 0, 1, bit >> 3)
  await file.close()
}

describe('a damaged journal', () => {
  it(
    'is refused after any bit was flipped, unless all that was written is read all the same (J4)',
    async () => {
      const random = createRandom(SEED)
      const counts: Record<string, Record<Verdict, number>> = {}
      for (let n = 0; n < FLIPS; n += 1) {
        // Two thirds in the file, one in the log, some in the count: each is a place of its own to be wrong in.
        const file = random.pick(['', '', '-wal', '', '', '-wal', '', '', '-wal', '-count'])
        const path = copy()
        const bit = random.below((await stat(`${path}${file}`)).size * 8)
        await flip(`${path}${file}`, bit)
        const verdict = await judge(path)
        const by = counts[`journal.sqlite${file}`] ?? { refused: 0, harmless: 0, believed: 0 }
        counts[`journal.sqlite${file}`] = { ...by, [verdict]: by[verdict] + 1 }
        expect(verdict, `bit ${bit} of journal.sqlite${file}`).not.toBe('believed')
        await Promise.all(FILES.map((each) => rm(`${path}${each}`, { force: true })))
      }
      console.log(`${FLIPS} flipped bits`, counts)
      expect(counts['journal.sqlite']?.refused).toBeGreaterThan(50)
    },
    TIMEOUT_MS,
  )

  it('is refused where the page of any kind is wrong (J4)', async () => {
    const path = copy()
    await readOf(path)
    const database = await readFile(path)
    const pageBytes = database.readUInt16BE(16)
    const kinds = new Map<string, number>([['header', 3]])
    const names: Readonly<Record<number, string>> = {
      2: 'index interior',
      5: 'table interior',
      10: 'index leaf',
      13: 'table leaf',
    }
    for (let at = pageBytes; at < database.length; at += pageBytes) {
      const kind = names[database[at] ?? 0] ?? 'overflow or free'
      // Within what the page says of itself, or the content that an overflow page carries.
      kinds.set(kind, kind === 'overflow or free' ? at + 100 : at + 3)
    }
    for (const [kind, at] of kinds) {
      const spoilt = copy()
      await readOf(spoilt)
      await flip(spoilt, at * 8)
      expect(await judge(spoilt), kind).toBe('refused')
    }
    expect([...kinds.keys()]).toEqual(expect.arrayContaining(['header', 'index leaf', 'table leaf', 'overflow or free']))
  })

  it('is refused when it was cut at any page', async () => {
    const { size } = await stat(left)
    for (let bytes = 4096; bytes < size; bytes += 4096 * 3) {
      const path = copy()
      await rm(`${path}-wal`)
      await truncate(path, bytes)
      expect(await judge(path), `${bytes} bytes`).toBe('refused')
    }
  })

  it(
    'is refused when its log was cut between frames, though what is left looks whole',
    async () => {
      const frameBytes = 24 + 4096
      const { size } = await stat(`${left}-wal`)
      const verdicts: Verdict[] = []
      for (let bytes = 32; bytes < size; bytes += 4 * frameBytes) {
        const path = copy()
        await truncate(`${path}-wal`, bytes)
        verdicts.push(await judge(path))
      }
      // The end of the file may hold frames of an earlier log, which count no more.
      const refused = verdicts.indexOf('harmless')
      expect(refused).toBeGreaterThan(10)
      expect(new Set(verdicts.slice(refused))).toEqual(new Set(['harmless']))
      expect(new Set(verdicts.slice(0, refused))).toEqual(new Set(['refused']))
    },
    TIMEOUT_MS,
  )

  it('is refused without its log, and when it is empty where there was one; and says how to go on without what is lost', async () => {
    const path = copy()
    await rm(`${path}-wal`)
    expect(() => openJournal(path)).toThrow(/lacks the last \d+ of the \d+ commits/)
    await writeFile(path, '')
    expect(() => openJournal(path)).toThrow(/lacks the last/)
    await rm(path)
    expect(() => openJournal(path)).toThrow(/lacks the last/)
    await rm(`${path}-count`)
    await using journal = openJournal(path)
    expect(await journal.runs()).toEqual([])
  })

  it('is none when only what SQLite makes anew is gone, or the count of its commits', async () => {
    const path = copy()
    await rm(`${path}-shm`, { force: true })
    await rm(`${path}-count`)
    expect(await judge(path)).toBe('harmless')
  })

  it.each([
    [
      'an event that is still valid JSON',
      `UPDATE events SET body = replace(body, '"n":7', '"n":8') WHERE run = 'ended' AND seq = 7`,
    ],
    ['an event that was taken out', `DELETE FROM events WHERE run = 'ended' AND seq = 50`],
    [
      'two events in the other order',
      `UPDATE events SET seq = CASE seq WHEN 8 THEN 1009 ELSE 1008 END WHERE run = 'ended' AND seq IN (8, 9)`,
    ],
    ['an event that was added', `INSERT INTO events VALUES ('left', 30, '{"at":1,"kind":"cancelRequested","reason":"x"}')`],
    ['a duty that looks settled', `UPDATE obligations SET open = 0 WHERE id = 'held-3'`],
    ['a run that looks ended', `UPDATE runs SET status = 'succeeded' WHERE id = 'left'`],
    ['a lock of another run', `UPDATE locks SET run = 'ended'`],
    ['a checkpoint that was moved', `UPDATE checkpoints SET body = replace(body, '4096', '8192')`],
    ['a text that was edited', `UPDATE documents SET text = replace(text, 'runbook', 'runbock')`],
    ['a table that was changed', 'ALTER TABLE locks ADD COLUMN more'],
  ])('shows in %s, though SQLite finds nothing wrong with it', async (_, sql) => {
    const path = copy()
    const database = new DatabaseSync(path)
    database.exec(sql)
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    database.close()
    expect(await judge(path)).toBe('refused')
  })
})
