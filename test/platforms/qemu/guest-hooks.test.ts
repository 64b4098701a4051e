// Hooks in a real guest that fail, hang on, or lose their agent, while it is backed up: nothing stays held, and nothing is claimed that was not so.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openAgent } from '../../../src/platforms/guest/index.ts'
import { bootGuest, type Guest, makeDisks } from '../../../src/platforms/qemu/measuring/boot.ts'
import { runInGuest } from '../../../src/platforms/qemu/measuring/in-guest.ts'
import { lastTransactionIn } from '../../../src/platforms/qemu/measuring/measure.ts'
import { hasGuest } from './has-guest.ts'
import { whatIsHeld, whatIsLeft } from './left-behind.ts'
import { type Office, openOffice } from './office.ts'

const MINUTES = 900_000
/** Runs after the one that tells the writer, and is told to let go before it. */
const HOOK = '/etc/qemu/fsfreeze-hook.d/zz-test'
/** What the agent itself runs when it freezes and thaws. */
const OF_AGENT = '/run/fsfreeze-hook'

describe.runIf(hasGuest)('a real guest', () => {
  const opened = new AsyncDisposableStack()
  let guest: Guest
  let office: Office

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hf-hooks-'))
    opened.defer(() => rmSync(folder, { recursive: true, force: true }))
    await makeDisks(folder)
    guest = opened.use(await bootGuest(folder, { writes: true }))
    office = await openOffice(folder, {
      hypervisor: { connection: 'qemu/Hypervisor', monitor: guest.monitorPath, scratchDirectory: folder },
      guest: { connection: 'guest/Machine', channel: 'qemu-agent', socket: guest.agentPath },
    })
  }, MINUTES)
  // An agent that has a hook wants it to be there.
  afterEach(async () => {
    await inShell(guest, `rm -f ${HOOK} /run/told`)
    await script(guest, OF_AGENT, ':')
  }, MINUTES)
  afterAll(() => opened.disposeAsync())

  async function nothingIsHeld(): Promise<void> {
    expect([...(await whatIsLeft(guest)), ...(await whatIsHeld(guest))]).toEqual([])
    const before = await lastTransactionIn(guest)
    while ((await lastTransactionIn(guest)) === before);
  }

  test('P9: one of whose pre-freeze hooks fails has no point made of it; all hooks are told to let go, and why is told', {
    timeout: MINUTES,
  }, async () => {
    await script(guest, HOOK, 'echo $1 >> /run/told; [ $1 = thaw ] || { echo no room in the journal >&2; exit 7; }')
    const { exitCode, printed } = await office.run('qemu/vm-backup', 'scripts=other')
    expect(exitCode).not.toBe(0)
    expect(printed).toContain(`${HOOK} ended with 7: no room in the journal`)
    expect(await inShell(guest, 'cat /run/told')).toBe('freeze\nthaw\n')
    await nothingIsHeld()
  })

  test('P9: whose agent has a hook that fails is not frozen, and has no point made of it', { timeout: MINUTES }, async () => {
    await hookOfAgent(guest, '[ $1 = thaw ] || exit 7')
    const { exitCode, printed } = await office.run('qemu/vm-backup')
    expect(exitCode).not.toBe(0)
    expect(printed).toContain('fsfreeze hook has failed with status 7')
    await nothingIsHeld()
  })

  test('P5, P9: whose agent thaws, and says that it did not because a hook failed, is thawed, and its point is worth what it claims', {
    timeout: MINUTES,
  }, async () => {
    await hookOfAgent(guest, '[ $1 = freeze ] || exit 9')
    const { exitCode, outputs, printed } = await office.run('qemu/vm-backup')
    expect(exitCode, printed).toBe(0)
    expect(outputs).toMatchObject({ consistency: 'filesystem' })
    await nothingIsHeld()
  })

  test('P5: whose agent is killed while it freezes is thawed by the agent that comes after it', {
    timeout: MINUTES,
  }, async () => {
    await hookOfAgent(guest, ':')
    const killing = 'until [ -e /run/qga.state.isfrozen ]; do usleep 1000; done; kill -9 $(pidof qemu-ga); echo > /run/told'
    await inShell(guest, `(${killing}) >/dev/null 2>&1 </dev/null &`)
    const { exitCode, outputs, printed } = await office.run('qemu/vm-backup')
    if (exitCode === 0) expect(['crash', 'filesystem'], printed).toContain(outputs.consistency)
    await nothingIsHeld()
    await inShell(guest, 'test -e /run/told')
  })

  test('P5: whose pre-freeze hook outlives the agent that started it, and freezes after it was told to let go, is told so again', {
    timeout: MINUTES,
  }, async () => {
    const first = '[ -e /run/told ] || { kill -9 $(pidof qemu-ga); until [ -e /run/told ]; do usleep 20000; done; }'
    await script(guest, HOOK, `[ $1 = thaw ] || ${first}; echo $1 >> /run/told`)
    const { printed } = await office.run('qemu/vm-backup', 'scripts=other')
    expect(printed).toContain('a pre-freeze script still runs in the guest: process ')
    const told = (await inShell(guest, 'cat /run/told')).trim().split('\n')
    expect([told[0], told.includes('freeze'), told.at(-1)]).toEqual(['thaw', true, 'thaw'])
    await nothingIsHeld()
  })

  test('P5: that somebody else froze by its agent has no point made of it; it is asked to freeze once', {
    timeout: MINUTES,
  }, async () => {
    {
      using agent = await openAgent(guest.agentPath, AbortSignal.timeout(MINUTES))
      await agent.ask('guest-fsfreeze-freeze')
    }
    const { exitCode, printed } = await office.run('qemu/vm-backup')
    expect(exitCode).not.toBe(0)
    expect(printed).toContain('frozen')
    expect(printed).not.toContain('"event":"retrying"')
    await nothingIsHeld()
  })
})

const inShell = (guest: Guest, text: string): Promise<string> => runInGuest(guest, '/bin/sh', ['-c', text])

const script = (guest: Guest, path: string, text: string): Promise<string> =>
  runInGuest(guest, '/bin/sh', ['-c', 'printf "#!/bin/sh\\n%s\\n" "$2" > "$1"; chmod +x "$1"', 'sh', path, text])

/** The agent looks for its hook when it starts: it is ended, and another one starts. */
async function hookOfAgent(guest: Guest, text: string): Promise<void> {
  await script(guest, OF_AGENT, text)
  const another = 'until new=$(pidof qemu-ga) && [ "$new" != "$old" ]; do usleep 10000; done; echo > /run/another'
  await inShell(guest, `rm -f /run/another; (old=$(pidof qemu-ga); kill -9 $old; ${another}) >/dev/null 2>&1 </dev/null &`)
  // What is said to one that ends is lost, and a busy machine needs long to answer.
  for (let waitMs = 500; ; ) {
    const signal = AbortSignal.timeout(waitMs)
    if (await isAnother(guest, signal).catch(() => false)) return
    if (signal.aborted) waitMs *= 2
  }
}

async function isAnother({ agentPath }: Guest, signal: AbortSignal): Promise<boolean> {
  using agent = await openAgent(agentPath, signal)
  const handle = await agent.ask('guest-file-open', { path: '/run/another' })
  await agent.ask('guest-file-close', { handle })
  return true
}
