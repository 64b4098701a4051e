// What every journal must do, whatever it stores in. `reopen` is given where the store outlives its process.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Journal, OwnerFenced, processOwner, type RunHeader, RunUnknown } from '../../src/journal/index.ts'
import type { Approval, ApprovalAnswer, Event, Obligation, Outcome } from '../../src/kernel/index.ts'
import { type Json, type JsonObject, Secret } from '../../src/values/index.ts'

export interface JournalUnderTest {
  readonly journal: Journal
  /** Closes the journal and opens the same store again. */
  readonly reopen?: () => Promise<Journal>
  readonly dispose: () => Promise<void>
}

const DEAD = processOwner().replace(/:\d+:\d+$/, ':999999999:1')
const ALIVE = processOwner()

const header = (id: string, createdAt = 1000): RunHeader => ({
  id,
  runbook: 'test/one',
  runbookVersion: '1.0.0',
  pins: { runbook: 'abc' },
  inputs: { vm: 'a' },
  targets: { cloud: { $target: 'lab', connection: 'test/Connection' } },
  createdAt,
})

const succeeded = (call: string, output: JsonObject, at = 1): Event => ({ at, kind: 'callSucceeded', call, output })

const obligation = (id: string, state: Obligation['state'] = 'held'): Obligation => ({
  id,
  type: 'test/Thing',
  owner: 'scope',
  input: { name: id },
  identity: { name: id },
  parents: [],
  keepOnSuccess: false,
  state,
  intendedAt: 1,
  sentAt: 1,
  releaseAttempts: 0,
})

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const done: Outcome = { status: 'succeeded', outputs: { a: 1 }, owed: [] }

export function journalContract(name: string, make: () => Promise<JournalUnderTest>): void {
  describe(`${name} keeps the journal's contract`, () => {
    let held: JournalUnderTest
    let journal: Journal

    beforeEach(async () => {
      held = await make()
      journal = held.journal
    })
    afterEach(() => held.dispose())

    const claimed = async (id: string, owner = ALIVE): Promise<number> => {
      await journal.createRun(header(id))
      return (await journal.claim(id, owner, false)) ?? Number.NaN
    }
    const eventsOf = async (id: string): Promise<readonly Event[]> => {
      const events: Event[] = []
      for await (const event of journal.events(id)) events.push(event)
      return events
    }

    it('gives back a run as it was created', async () => {
      await journal.createRun(header('r'))
      expect(await journal.run('r')).toEqual({ ...header('r'), status: 'running', events: 0 })
      expect(await journal.run('other')).toBeUndefined()
    })

    it('refuses a second run of the same id', async () => {
      await journal.createRun(header('r'))
      await expect(journal.createRun(header('r'))).rejects.toThrow()
    })

    it('lists runs newest first, by status and up to a limit', async () => {
      await journal.createRun(header('old', 1))
      await journal.createRun(header('new', 2))
      await journal.createRun(header('newer', 2))
      const epoch = (await journal.claim('old', ALIVE, false)) ?? 0
      await journal.append('old', epoch, { events: [succeeded('c', {})], obligations: [], outcome: done })
      expect((await journal.runs()).map((run) => run.id)).toEqual(['newer', 'new', 'old'])
      expect((await journal.runs({ status: 'running', limit: 1 })).map((run) => run.id)).toEqual(['newer'])
      expect((await journal.runs({ status: 'succeeded' })).map((run) => run.id)).toEqual(['old'])
    })

    it('keeps documents by their hash', async () => {
      const hash = await journal.putDocument('runbook: 1')
      expect(hash).toMatch(/^[0-9a-f]{64}$/)
      expect(await journal.putDocument('runbook: 1')).toBe(hash)
      expect(await journal.document(hash)).toBe('runbook: 1')
      expect(await journal.document('0'.repeat(64))).toBeUndefined()
    })

    it('gives back events in the order of their appends', async () => {
      const epoch = await claimed('r')
      const events = Array.from({ length: 600 }, (_, n) => succeeded(`c${n}`, { n }, n))
      await Promise.all(
        [events.slice(0, 1), events.slice(1, 300), events.slice(300)].map((part) =>
          journal.append('r', epoch, { events: part, obligations: [] }),
        ),
      )
      expect(await eventsOf('r')).toEqual(events)
      expect((await journal.run('r'))?.events).toBe(600)
    })

    it('keeps concurrent runs apart', async () => {
      const ids = Array.from({ length: 20 }, (_, n) => `r${n}`)
      const epochs = await Promise.all(ids.map((id) => claimed(id)))
      await Promise.all(
        ids.map((id, n) => journal.append(id, epochs[n] ?? 0, { events: [succeeded(id, {})], obligations: [obligation(id)] })),
      )
      for (const id of ids) {
        expect(await eventsOf(id)).toEqual([succeeded(id, {})])
        expect(await journal.obligations({ open: true, runId: id })).toEqual([{ runId: id, obligation: obligation(id) }])
      }
    })

    it('gives back any event unchanged, however large and whatever its keys', async () => {
      const large = fc.tuple(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 20_000 })).map(([text, n]) => text.repeat(n))
      const key = fc.oneof(fc.string(), fc.constantFrom('$document', '$$document', '$', '$unknown'))
      const { value } = fc.letrec<{ value: Json }>((tie) => ({
        value: fc.oneof(
          { maxDepth: 4 },
          fc.constant(null),
          fc.boolean(),
          fc.integer(),
          fc.string(),
          large,
          fc.array(tie('value'), { maxLength: 4 }),
          fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
        ),
      }))
      const epoch = await claimed('r')
      let count = 0
      await fc.assert(
        fc.asyncProperty(value, async (output) => {
          const event = succeeded('c', { output })
          await journal.append('r', epoch, { events: [event], obligations: [] })
          expect((await eventsOf('r')).at(-1)).toEqual(event)
          count += 1
        }),
        { numRuns: 60 },
      )
      expect((await journal.run('r'))?.events).toBe(count)
    })

    it('stores values, not references to what the caller goes on changing', async () => {
      const epoch = await claimed('r')
      const changing = obligation('a', 'intended')
      await journal.append('r', epoch, { events: [], obligations: [changing] })
      changing.state = 'held'
      expect((await journal.obligations({ open: true }))[0]?.obligation.state).toBe('intended')
    })

    it('stores the mark of a secret and never the secret (P11)', async () => {
      const epoch = await claimed('r')
      const output = { password: new Secret('hunter2') } as unknown as JsonObject
      await journal.append('r', epoch, { events: [succeeded('c', output)], obligations: [] })
      expect(JSON.stringify(await eventsOf('r'))).toContain('‹secret›')
    })

    it('lists obligations as they are now, open or settled', async () => {
      const epoch = await claimed('r')
      await journal.append('r', epoch, { events: [], obligations: [obligation('a', 'intended'), obligation('b', 'owed')] })
      await journal.append('r', epoch, { events: [], obligations: [obligation('a', 'released')] })
      expect(await journal.obligations({ open: true })).toEqual([{ runId: 'r', obligation: obligation('b', 'owed') }])
      expect(await journal.obligations({ open: false })).toEqual([{ runId: 'r', obligation: obligation('a', 'released') }])
      expect(await journal.obligations({ open: true, runId: 'other' })).toEqual([])
    })

    it('ends a run with its outcome: owner, locks and checkpoints go', async () => {
      const epoch = await claimed('r')
      await journal.tryLock('l', 'r', epoch)
      await journal.saveCheckpoint('r', epoch, 'copy', { at: 7 })
      expect((await journal.run('r'))?.owner).toBe(ALIVE)
      await journal.append('r', epoch, { events: [succeeded('c', {}, 77)], obligations: [], outcome: done })
      expect(await journal.run('r')).toEqual({ ...header('r'), status: 'succeeded', outcome: done, endedAt: 77, events: 1 })
      expect(await journal.locks()).toEqual([])
      expect(await journal.loadCheckpoint('r', 'copy')).toBeUndefined()
    })

    it('lets a new owner in when the last one is dead, and not while it lives', async () => {
      expect(await claimed('r', DEAD)).toBe(1)
      expect(await journal.claim('r', ALIVE, false)).toBe(2)
      expect(await journal.claim('r', DEAD, false)).toBeUndefined()
      expect(await journal.claim('r', DEAD, true)).toBe(3)
      await expect(journal.claim('other', ALIVE, false)).rejects.toThrow(RunUnknown)
    })

    it('takes the owner of another host for alive', async () => {
      await claimed('r', 'elsewhere.example:1:1')
      expect(await journal.claim('r', ALIVE, false)).toBeUndefined()
    })

    it('fences the last owner from every write, and leaves nothing of it', async () => {
      const old = await claimed('r', DEAD)
      await journal.tryLock('mine', 'r', old)
      const epoch = (await journal.claim('r', ALIVE, false)) ?? 0
      const entry = { events: [succeeded('zombie', {})], obligations: [obligation('z')], unlocks: ['mine'], outcome: done }
      await expect(journal.append('r', old, entry)).rejects.toThrow(OwnerFenced)
      await expect(journal.tryLock('other', 'r', old)).rejects.toThrow(OwnerFenced)
      await expect(journal.saveCheckpoint('r', old, 'p', 1)).rejects.toThrow(OwnerFenced)
      expect(() => journal.assertOwner('r', old)).toThrow(OwnerFenced)
      expect(() => journal.assertOwner('r', epoch)).not.toThrow()
      expect(await eventsOf('r')).toEqual([])
      expect(await journal.obligations({ open: true })).toEqual([])
      expect(await journal.locks()).toEqual([{ name: 'mine', runId: 'r' }])
      expect((await journal.run('r'))?.status).toBe('running')
    })

    it('fences a writer without failing the others of its group', async () => {
      const old = await claimed('zombie')
      await journal.claim('zombie', ALIVE, true)
      const epoch = await claimed('r')
      const answers = await Promise.allSettled([
        journal.append('r', epoch, { events: [succeeded('a', {})], obligations: [] }),
        journal.append('zombie', old, { events: [succeeded('b', {})], obligations: [] }),
        journal.append('r', epoch, { events: [succeeded('c', {})], obligations: [] }),
      ])
      expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect(await eventsOf('r')).toEqual([succeeded('a', {}), succeeded('c', {})])
    })

    it('grants a lock to one run at a time, over resumes too', async () => {
      const a = await claimed('a', DEAD)
      const b = await claimed('b')
      expect(await journal.tryLock('l', 'a', a)).toBe(true)
      expect(await journal.tryLock('l', 'b', b)).toBe(false)
      const again = (await journal.claim('a', ALIVE, false)) ?? 0
      expect(await journal.tryLock('l', 'a', again)).toBe(true)
      expect(await journal.locks()).toEqual([{ name: 'l', runId: 'a' }])
      await journal.append('b', b, { events: [], obligations: [], unlocks: ['l'] })
      expect(await journal.tryLock('l', 'b', b)).toBe(false)
      await journal.append('a', again, { events: [], obligations: [], unlocks: ['l'] })
      expect(await journal.tryLock('l', 'b', b)).toBe(true)
    })

    it('keeps the last checkpoint of each step', async () => {
      const epoch = await claimed('r')
      expect(await journal.loadCheckpoint('r', 'p')).toBeUndefined()
      await journal.saveCheckpoint('r', epoch, 'p', { done: 1 })
      await journal.saveCheckpoint('r', epoch, 'p', { done: 2 })
      expect(await journal.loadCheckpoint('r', 'p')).toEqual({ done: 2 })
    })

    it('hands a cancel request to whoever owns the run; the first reason stays', async () => {
      await claimed('r')
      expect(await journal.cancelRequest('r')).toBeUndefined()
      await journal.requestCancel('r', 'maintenance')
      await journal.requestCancel('r', 'again')
      expect(await journal.cancelRequest('r')).toBe('maintenance')
      await expect(journal.requestCancel('other', 'x')).rejects.toThrow(RunUnknown)
    })

    it('hands the first answer to a question to whoever owns the run, until the question is settled', async () => {
      const epoch = await claimed('r')
      await claimed('other')
      const asked = (path: string, askedAt: number): Approval => ({ path, prompt: 'go on?', by: ['ann'], askedAt })
      const grant = (by: string): ApprovalAnswer => ({ by, decision: { kind: 'granted', inputs: { ticket: 'T-1' } } })
      expect(await journal.approvals()).toEqual([])
      await journal.append('r', epoch, { events: [], obligations: [], asked: [asked('b', 2), asked('a', 1)] })
      expect(await journal.approvals('r')).toEqual([
        { runId: 'r', approval: asked('a', 1) },
        { runId: 'r', approval: asked('b', 2) },
      ])
      expect(await journal.approvals('other')).toEqual([])
      expect(await journal.answerApproval('r', 'a', grant('ann'))).toBe(true)
      expect(await journal.answerApproval('r', 'a', grant('eve'))).toBe(false)
      expect(await journal.answerApproval('r', 'nothing', grant('eve'))).toBe(false)
      await expect(journal.answerApproval('nobody', 'a', grant('eve'))).rejects.toThrow(RunUnknown)
      expect(await journal.approvals()).toEqual([
        { runId: 'r', approval: asked('a', 1), answer: grant('ann') },
        { runId: 'r', approval: asked('b', 2) },
      ])
      await journal.append('r', epoch, { events: [], obligations: [], settled: ['a'] })
      expect((await journal.approvals()).map(({ approval }) => approval.path)).toEqual(['b'])
      await journal.append('r', epoch, { events: [], obligations: [], outcome: done })
      expect(await journal.approvals()).toEqual([])
    })

    it('asks and settles in one entry, and asks anew under the same path without the old answer', async () => {
      const epoch = await claimed('r')
      const asked = (askedAt: number): Approval => ({ path: 'a', prompt: 'go on?', askedAt })
      await journal.append('r', epoch, { events: [], obligations: [], asked: [asked(1)], settled: ['a'] })
      expect(await journal.approvals('r')).toEqual([])
      await journal.append('r', epoch, { events: [], obligations: [], asked: [asked(2)] })
      await journal.answerApproval('r', 'a', { by: 'ann', decision: { kind: 'denied', reason: 'no' } })
      await journal.append('r', epoch, { events: [], obligations: [], asked: [asked(3)] })
      expect(await journal.approvals('r')).toEqual([{ runId: 'r', approval: asked(3) }])
    })

    it('removes a run that has ended and owes nothing, with all that is its own', async () => {
      const epoch = await claimed('old')
      await journal.append('old', epoch, {
        events: [succeeded('c', {})],
        obligations: [obligation('a', 'released')],
        outcome: done,
      })
      await claimed('other')
      expect(await journal.removeRun('old')).toBe(true)
      expect(await journal.run('old')).toBeUndefined()
      expect(await eventsOf('old')).toEqual([])
      expect(await journal.obligations({ open: false })).toEqual([])
      expect((await journal.runs()).map(({ id }) => id)).toEqual(['other'])
      await expect(journal.append('old', epoch, { events: [], obligations: [] })).rejects.toThrow(OwnerFenced)
      expect(await journal.removeRun('old')).toBe(false)
    })

    it('removes no run that is running, owes something or is taken up again (P2)', async () => {
      await claimed('running')
      const owing = await claimed('owing')
      await journal.append('owing', owing, { events: [], obligations: [obligation('a', 'owed')], outcome: done })
      const reaped = await claimed('reaped')
      await journal.append('reaped', reaped, { events: [], obligations: [], outcome: done })
      await journal.claim('reaped', ALIVE, false)
      for (const id of ['running', 'owing', 'reaped']) expect(await journal.removeRun(id), id).toBe(false)
      expect((await journal.runs()).map(({ id }) => id).toSorted()).toEqual(['owing', 'reaped', 'running'])
      expect(await journal.obligations({ open: true })).toHaveLength(1)
    })

    it('removes the documents that nothing refers to any more, and no other', async () => {
      const large = 'large '.repeat(10_000)
      const [shared, own] = [await journal.putDocument('shared'), await journal.putDocument('own')]
      for (const [id, pins] of [
        ['old', { runbook: own, 'pack:a': shared }],
        ['new', { runbook: shared }],
      ] as const)
        await journal.createRun({ ...header(id), pins })
      for (const id of ['old', 'new']) {
        const epoch = (await journal.claim(id, ALIVE, false)) ?? 0
        const kept = succeeded('c', { nested: { large, list: [large, id.repeat(20_000)] } })
        await journal.append(id, epoch, { events: [kept], obligations: [], outcome: done })
      }
      await journal.removeUnusedDocuments()
      expect(await journal.document(own)).toBe('own')
      await journal.removeRun('old')
      expect(await journal.removeUnusedDocuments()).toBeGreaterThan(0)
      expect(await journal.document(own)).toBeUndefined()
      expect(await journal.document(shared)).toBe('shared')
      expect(await eventsOf('new')).toMatchObject([{ output: { nested: { large, list: [large, 'new'.repeat(20_000)] } } }])
      expect(await journal.removeUnusedDocuments()).toBe(0)
    })

    it('takes away no text of a run that is created in the same turn', async () => {
      await journal.putDocument('text')
      const create = async (id: string): Promise<string> => {
        const stored = journal.putDocument('text')
        const created = journal.createRun({ ...header(id), pins: { runbook: sha256('text') } })
        await created
        return stored
      }
      const [, hash] = await Promise.all([journal.removeUnusedDocuments(), create('r'), journal.removeUnusedDocuments()])
      expect(await journal.document(hash)).toBe('text')
    })

    it('holds everything after it was closed and opened again, where it is durable', async ({ skip }) => {
      if (held.reopen === undefined) return skip('lives in memory')
      const epoch = await claimed('r')
      const large = succeeded('c', { map: 'x'.repeat(100_000) })
      await journal.append('r', epoch, { events: [large], obligations: [obligation('a')] })
      await journal.tryLock('l', 'r', epoch)
      await journal.saveCheckpoint('r', epoch, 'p', 1)
      await journal.requestCancel('r', 'stop')
      const question = { path: 'p', prompt: 'go on?', askedAt: 1 }
      await journal.append('r', epoch, { events: [], obligations: [], asked: [question] })
      await journal.answerApproval('r', 'p', { by: 'ann', decision: { kind: 'granted', inputs: {} } })
      journal = await held.reopen()
      expect(await eventsOf('r')).toEqual([large])
      expect(await journal.obligations({ open: true })).toHaveLength(1)
      expect(await journal.locks()).toEqual([{ name: 'l', runId: 'r' }])
      expect(await journal.loadCheckpoint('r', 'p')).toBe(1)
      expect(await journal.cancelRequest('r')).toBe('stop')
      expect(await journal.approvals()).toEqual([
        { runId: 'r', approval: question, answer: { by: 'ann', decision: { kind: 'granted', inputs: {} } } },
      ])
      expect(() => journal.assertOwner('r', epoch)).not.toThrow()
    })
  })
}
