// What goes wrong inside of a real guest while it is backed up: nothing stays frozen, nothing is claimed that was not so.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openAgent } from '../../../src/platforms/guest/index.ts'
import { bootGuest, type Guest, makeDisks } from '../../../src/platforms/qemu/measuring/boot.ts'
import { runInGuest } from '../../../src/platforms/qemu/measuring/in-guest.ts'
import { hearBeats } from './beats.ts'
import { hasGuest } from './has-guest.ts'
import { whatIsLeft } from './left-behind.ts'
import { type Office, openOffice } from './office.ts'
import { removeAgent } from './remove-agent.ts'

const MINUTES = 900_000

/** Freezes for an instant, and gives up soon. */
const IMPATIENT = `runbook: 1
name: test/impatient
version: 1.0.0
title: Freeze a guest that does not answer in time
use:
  guest: guest@^1.0.0
targets:
  slow: guest/Machine
steps:
  - id: still
    scope:
      steps:
        - id: frozen
          uses: guest/filesystems.freeze
          with:
            machine: \${ targets.slow }
            vm: vm-1
          timeout: 10s
          retry: { attempts: 1 }
`

describe.runIf(hasGuest)('a real guest', () => {
  const opened = new AsyncDisposableStack()
  let guest: Guest
  let office: Office

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hf-amiss-'))
    opened.defer(() => rmSync(folder, { recursive: true, force: true }))
    await makeDisks(folder)
    guest = opened.use(await bootGuest(folder, { writes: true }))
    office = await openOffice(folder, {
      hypervisor: { connection: 'qemu/Hypervisor', monitor: guest.monitorPath, scratchDirectory: folder },
      guest: { connection: 'guest/Machine', channel: 'qemu-agent', socket: guest.agentPath },
      slow: { connection: 'guest/Machine', channel: 'qemu-agent', socket: join(folder, 'slow.sock') },
    })
    writeFileSync(join(folder, 'impatient.runbook.yaml'), IMPATIENT)
  }, MINUTES)
  afterAll(() => opened.disposeAsync())

  test('P9: of which somebody else froze a part has no point made of it, and is thawed', { timeout: MINUTES }, async () => {
    await runInGuest(guest, '/bin/fsfreeze', ['--freeze', '/wal'])
    const { exitCode, printed } = await office.run('qemu/vm-backup', 'quiesce=true')
    expect(exitCode).not.toBe(0)
    expect(printed).toContain('1 of 2 file systems were frozen')
    expect(await stateOf(guest)).toBe('thawed')
    expect(await whatIsLeft(guest)).toEqual([])
  })

  test('P5: whose freeze comes after its time-out, when nobody waits for it any more, is thawed', {
    timeout: MINUTES,
  }, async () => {
    const slow = await delayFreeze(guest.agentPath, join(office.folder, 'slow.sock'))
    opened.defer(slow.close)
    const { exitCode, printed } = await office.run(join(office.folder, 'impatient.runbook.yaml'))
    expect(exitCode, printed).not.toBe(0)
    expect(printed).toContain('"type":"timedOut"')
    expect(slow.cameLate()).toBe(true)
    expect(await stateOf(guest)).toBe('thawed')
  })

  // The last: from here on there is no agent.
  test('P9: in which no agent answers has no point made of it before anything is touched, or one that claims no more than crash', {
    timeout: MINUTES,
  }, async () => {
    using beats = await hearBeats(guest.beatsPath)
    await removeAgent(guest)
    const failed = await office.run('qemu/vm-backup')
    expect(failed.exitCode).not.toBe(0)
    expect(failed.printed).toContain('"type":"agentSilent"')
    expect(failed.printed).not.toContain('"event":"obligation"')

    const { exitCode, outputs, printed } = await office.run('qemu/vm-backup', 'withoutAgent=crash', 'scripts=other')
    expect(exitCode, printed).toBe(0)
    expect(outputs).toMatchObject({ consistency: 'crash' })
    expect(await whatIsLeft(guest)).toEqual([])
    await beats.next()
  })
})

interface SlowAgent {
  /** Whether a freeze was carried out when nobody waited for it any more. */
  cameLate(): boolean
  readonly close: () => void
}

/** Passes everything on to the agent; a freeze only when whoever asked for it has left. Clients are served one after the other. */
async function delayFreeze(agentPath: string, path: string): Promise<SlowAgent> {
  let late = false
  let last: Promise<void> = Promise.resolve()
  const server = createServer((client) => {
    client.on('error', () => {})
    last = last.then(() => serveOne(client))
  })

  async function serveOne(client: Socket): Promise<void> {
    const agent = connect(agentPath)
    agent.on('data', (chunk) => client.write(chunk)).on('error', () => {})
    let held: Buffer | undefined
    client.on('data', (chunk: Buffer) => {
      if (chunk.includes('guest-fsfreeze-freeze')) held = chunk
      else agent.write(chunk)
    })
    await finished(client).catch(() => {})
    if (held) {
      agent.write(held)
      // Its answer: the guest is frozen now.
      await once(agent, 'data')
      late = true
    }
    agent.destroy()
  }

  await once(server.listen(path), 'listening')
  return { cameLate: () => late, close: () => void server.close() }
}

/** Asked for until somebody answers. */
async function stateOf({ agentPath }: Guest): Promise<unknown> {
  using agent = await openAgent(agentPath, AbortSignal.timeout(MINUTES))
  return await agent.ask('guest-fsfreeze-status')
}
