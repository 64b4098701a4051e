import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openAgent } from '../../../src/platforms/guest/qemu-agent.ts'
import { failureOf } from '../calls.ts'
import { callGuest, overAgentOf, startGuest } from './harness.ts'

const never = new AbortController().signal

test('what an agent still had to say to somebody else is left behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-agent-'))
  const path = join(folder, 'agent.sock')
  const server = createServer((socket) => {
    socket.write('{"return": "the answer to an earlier question"}\n{"return": 41, "id": 1}\nhalf a li')
    socket.on('data', (chunk) => {
      for (const line of chunk.toString('latin1').split('\n')) {
        const start = line.indexOf('{')
        if (start < 0) continue
        const { execute, id } = JSON.parse(line.slice(start)) as { execute: string; id: number }
        const answer = `${JSON.stringify({ return: execute === 'guest-fsfreeze-status' ? 'thawed' : 7, id })}\n`
        socket.write(execute === 'guest-sync-delimited' ? Buffer.concat([Buffer.from([0xff]), Buffer.from(answer)]) : answer)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  try {
    using agent = await openAgent(path, never)
    expect(await agent.ask('guest-fsfreeze-status')).toBe('thawed')
  } finally {
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

test('an agent that never answers is given up with the signal', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-agent-'))
  const path = join(folder, 'agent.sock')
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(path, resolve))
  try {
    const stop = new AbortController()
    const opening = openAgent(path, stop.signal)
    server.once('connection', () => stop.abort(new Error('the step took too long')))
    await expect(opening).rejects.toThrow('the step took too long')
  } finally {
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

test('all file systems are frozen and thawed, and the state is told', async () => {
  await using harness = await startGuest()
  const settings = overAgentOf(harness)
  expect(await callGuest('filesystems.state', settings)).toEqual({ found: false })
  expect(await callGuest('filesystems.freeze', settings)).toEqual({ filesystems: 2 })
  expect(await callGuest('filesystems.state', settings)).toEqual({ found: true })
  expect(await callGuest('filesystems.thaw', settings)).toEqual({})
  expect(await failureOf(callGuest('filesystems.thaw', settings))).toMatchObject({ type: 'notFrozen' })
})

test('P9 an agent that silently froze a part is not believed to have frozen all', async () => {
  await using harness = await startGuest()
  const frozen = { ...harness.guest }
  Object.defineProperty(harness.guest, 'mountpoints', {
    get: () => (harness.guest.frozen ? ['/'] : frozen.mountpoints),
  })
  const failure = await failureOf(callGuest('filesystems.freeze', overAgentOf(harness)))
  expect(failure).toMatchObject({ type: 'partlyFrozen', applied: 'maybe', detail: { frozen: 1, expected: 2 } })
})

test('file systems that are frozen already are no freeze of ours', async () => {
  await using harness = await startGuest()
  harness.guest.frozen = true
  expect(await failureOf(callGuest('filesystems.freeze', overAgentOf(harness)))).toMatchObject({ type: 'agentRefused' })
})

test('a thaw whose hook fails has thawed all the same', async () => {
  await using harness = await startGuest()
  await callGuest('filesystems.freeze', overAgentOf(harness))
  harness.agent.faults.add({ operation: 'guest-fsfreeze-thaw', does: 'fails' })
  expect(await failureOf(callGuest('filesystems.thaw', overAgentOf(harness)))).toMatchObject({
    type: 'agentRefused',
    retryable: true,
  })
  expect(harness.guest.frozen).toBe(true)
  expect(await callGuest('filesystems.thaw', overAgentOf(harness))).toEqual({})
})

test.each([
  [{ scriptsRun: 1, quiesced: true, heldThroughout: true }, 'application'],
  [{ scriptsRun: 0, quiesced: true, heldThroughout: true }, 'filesystem'],
  [{ scriptsRun: 1, quiesced: false, heldThroughout: true }, 'crash'],
  [{ scriptsRun: 1, quiesced: true, heldThroughout: false }, 'crash'],
  [{ scriptsRun: 0, quiesced: false, heldThroughout: true }, 'crash'],
])('P9 %j proves %s consistency', async (happened, consistency) => {
  expect(await callGuest('consistency', {}, happened)).toMatchObject({ consistency })
})
