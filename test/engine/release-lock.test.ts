// What an earlier run owes is not taken from the run that uses it; but what is critical is let go at once, whoever holds what.
import { expect, it } from 'vitest'
import { underReleaseLock } from '../../src/engine/release-lock.ts'
import { createMemoryJournal, processOwner } from '../../src/journal/index.ts'
import { actionNamed, type CallCommand } from '../../src/kernel/index.ts'
import { block, program, template } from '../kernel/build.ts'

const empty = program(block([]))

async function fixture() {
  const journal = createMemoryJournal()
  const begin = async (id: string) => {
    await journal.createRun({ id, runbook: 't', runbookVersion: '1.0.0', pins: {}, inputs: {}, targets: {}, createdAt: 1 })
    return { runId: id, epoch: (await journal.claim(id, processOwner(), false)) ?? 0, journal, program: empty }
  }
  const [earlier, user] = [await begin('earlier'), await begin('user')]
  await journal.tryLock('proxy', user.runId, user.epoch)
  return { journal, earlier, user }
}

async function release(run: Awaited<ReturnType<typeof fixture>>['user'], name: string): Promise<string> {
  const action = { ...actionNamed(empty, name), lock: template('proxy') }
  const command: CallCommand = {
    kind: 'call',
    id: 'c',
    purpose: 'release',
    path: 's',
    action: name,
    input: {},
    key: 'k',
    attempt: 1,
  }
  return underReleaseLock(run, action, command, async () => 'released')
}

it('a release under a lock that another run holds fails, to be tried again, and goes through once the lock is free', async () => {
  const { journal, earlier, user } = await fixture()
  await expect(release(earlier, 't/snapshot.delete')).rejects.toMatchObject({
    failure: { type: 'lockTaken', retryable: true, applied: 'no' },
  })
  expect(await release(user, 't/snapshot.delete')).toBe('released')
  await journal.append(user.runId, user.epoch, { events: [], obligations: [], unlocks: ['proxy'] })
  expect(await release(earlier, 't/snapshot.delete')).toBe('released')
  expect(await journal.locks()).toEqual([])
})

it('what is critical is let go whoever holds the lock [P5]', async () => {
  const { earlier } = await fixture()
  expect(await release(earlier, 't/freeze.delete')).toBe('released')
})
