import { expect, test } from 'vitest'
import { loadPack } from '../../../src/packs/index.ts'
import { guest as platform } from '../../../src/platforms/guest/index.ts'
import { type EsxGeneration, type GuestOs, LAYOUTS } from '../../../src/platforms/guest/layouts.ts'
import type { SimulatedScript } from '../../../src/platforms/guest/simulator/guest.ts'
import { createPlatformClock } from '../../../src/platforms/simulation/index.ts'
import { callAction, failureOf } from '../calls.ts'
import { callGuest, LINUX, overAgentOf, startGuest } from './harness.ts'

const TOOLS = 'C:\\Program Files\\VMware\\VMware Tools\\backupScripts.d'
const byArgument = (exitCode = 0): SimulatedScript => ({ does: 'byArgument', exitCode })
/** In an order that is not that of their names. */
const WINDOWS = {
  [`${TOOLS}\\20-mail.bat`]: byArgument(),
  [`${TOOLS}\\10-database.bat`]: byArgument(),
  [`${TOOLS}\\30-web.bat`]: byArgument(),
}
const windows = { os: 'windows', esx: 'from35U2' }
const linux = { os: 'other', esx: 'from35U2' }

test('the table of script locations says what table 2-3 of the seed says', () => {
  const ofSeed = (os: GuestOs, esx: EsxGeneration) => {
    const { preFreeze, postThaw } = LAYOUTS[os][esx]
    return [preFreeze, postThaw].map((place) => (place.kind === 'file' ? place.path : `${place.path}, ${place.order}`))
  }
  expect(ofSeed('windows', 'upTo35U1')).toEqual(['C:\\Windows\\pre-freeze-script.bat', 'C:\\Windows\\post-thaw-script.bat'])
  expect(ofSeed('windows', 'from35U2')).toEqual([`${TOOLS}, ascending`, `${TOOLS}, descending`])
  for (const esx of ['upTo35U1', 'from35U2'] as const) {
    expect(ofSeed('other', esx)).toEqual(['/usr/sbin/pre-freeze-script', '/usr/sbin/post-thaw-script'])
  }
})

test('no script may take all the time that the action has which runs it', async () => {
  const { pack } = await loadPack('runbooks/guest')
  for (const { preFreeze, postThaw } of Object.values(LAYOUTS).flatMap((byEsx) => Object.values(byEsx))) {
    expect(preFreeze.deadlineMs).toBeLessThan(pack?.actions['scripts.freeze']?.timeoutMs ?? 0)
    expect(postThaw.deadlineMs).toBeLessThan(pack?.actions['scripts.thaw']?.timeoutMs ?? 0)
  }
})

test('Windows since ESX 3.5 U2: all scripts ascending with freeze, then descending with thaw', async () => {
  await using harness = await startGuest(WINDOWS)
  const { scripts } = await callGuest('scripts.freeze', overAgentOf(harness), windows)
  expect(scripts).toEqual([`${TOOLS}\\10-database.bat`, `${TOOLS}\\20-mail.bat`, `${TOOLS}\\30-web.bat`])
  expect(harness.guest.holding.size).toBe(3)
  await callGuest('scripts.thaw', overAgentOf(harness), { ...windows, reason: 'thaw' })
  expect(harness.guest.log).toEqual([
    `${TOOLS}\\10-database.bat freeze`,
    `${TOOLS}\\20-mail.bat freeze`,
    `${TOOLS}\\30-web.bat freeze`,
    `${TOOLS}\\30-web.bat thaw`,
    `${TOOLS}\\20-mail.bat thaw`,
    `${TOOLS}\\10-database.bat thaw`,
  ])
  expect(harness.guest.holding.size).toBe(0)
})

test('Windows since ESX 3.5 U2: a script that fails is the last, and all are told freezeFail in descending order', async () => {
  await using harness = await startGuest({ ...WINDOWS, [`${TOOLS}\\20-mail.bat`]: byArgument(7) })
  const failure = await failureOf(callGuest('scripts.freeze', overAgentOf(harness), windows))
  expect(failure).toMatchObject({
    type: 'scriptFailed',
    applied: 'maybe',
    detail: { script: `${TOOLS}\\20-mail.bat`, exitCode: 7 },
  })
  await failureOf(callGuest('scripts.thaw', overAgentOf(harness), { ...windows, reason: 'freezeFail' }))
  expect(harness.guest.log).toEqual([
    `${TOOLS}\\10-database.bat freeze`,
    `${TOOLS}\\20-mail.bat freeze`,
    `${TOOLS}\\30-web.bat freezeFail`,
    `${TOOLS}\\20-mail.bat freezeFail`,
    `${TOOLS}\\10-database.bat freezeFail`,
  ])
})

test('Windows up to ESX 3.5 U1: one script each, told nothing', async () => {
  await using harness = await startGuest({
    'C:\\Windows\\pre-freeze-script.bat': { does: 'holds', exitCode: 0 },
    'C:\\Windows\\post-thaw-script.bat': { does: 'letsGo', exitCode: 0 },
  })
  const esx = { os: 'windows', esx: 'upTo35U1' }
  await callGuest('scripts.freeze', overAgentOf(harness), esx)
  await callGuest('scripts.thaw', overAgentOf(harness), { ...esx, reason: 'freezeFail' })
  expect(harness.guest.log).toEqual(['C:\\Windows\\pre-freeze-script.bat', 'C:\\Windows\\post-thaw-script.bat'])
})

test('other guests: the same two scripts on every ESX', async () => {
  for (const esx of ['upTo35U1', 'from35U2']) {
    await using harness = await startGuest()
    await callGuest('scripts.freeze', overAgentOf(harness), { os: 'other', esx })
    await callGuest('scripts.thaw', overAgentOf(harness), { os: 'other', esx, reason: 'thaw' })
    expect(harness.guest.log).toEqual(['/usr/sbin/pre-freeze-script', '/usr/sbin/post-thaw-script'])
  }
})

test('scripts are optional: a guest without any has nothing that holds still', async () => {
  await using harness = await startGuest({})
  for (const each of [windows, linux]) {
    expect(await callGuest('scripts.freeze', overAgentOf(harness), each)).toEqual({ scripts: [] })
    expect(await callGuest('scripts.thaw', overAgentOf(harness), each)).toEqual({})
  }
})

test('a post-thaw script that fails is a failed release, which is tried again', async () => {
  await using harness = await startGuest({
    '/usr/sbin/pre-freeze-script': { does: 'holds', exitCode: 0 },
    '/usr/sbin/post-thaw-script': { does: 'letsGo', exitCode: 2 },
  })
  const failure = await failureOf(callGuest('scripts.thaw', overAgentOf(harness), linux))
  expect(failure).toMatchObject({ type: 'scriptFailed', retryable: true, applied: 'maybe', detail: { exitCode: 2 } })
})

test.each([
  ['breaksBefore', 'answerLost', 'maybe'],
  ['breaksAfter', 'answerLost', 'maybe'],
  ['fails', 'agentRefused', 'no'],
] as const)('P3 an agent that %s is in the failure what it is', async (does, type, applied) => {
  await using harness = await startGuest()
  harness.agent.faults.add({ operation: 'guest-exec', does, skip: 1 })
  expect(await failureOf(callGuest('scripts.freeze', overAgentOf(harness), linux))).toMatchObject({ type, applied })
})

test.each([
  ['guest-exec', 2, 'agentRefused'],
  ['guest-exec-status', 1, 'answerLost'],
])('P3 where %s is refused after %i calls, a script has begun, and may have frozen', async (operation, skip, type) => {
  const folder = '/etc/qemu/fsfreeze-hook.d'
  await using harness = await startGuest({ [`${folder}/10-database`]: byArgument(), [`${folder}/20-mail`]: byArgument() })
  harness.agent.faults.add({ operation, does: 'fails', skip })
  const freezing = callGuest('scripts.freeze', overAgentOf(harness), { os: 'other', esx: 'none' })
  expect(await failureOf(freezing)).toMatchObject({ type, applied: 'maybe' })
})

test('nobody at the socket is told so', async () => {
  const settings = { channel: 'qemu-agent', socket: '/nowhere/agent.sock' }
  expect(await failureOf(callGuest('scripts.freeze', settings, linux))).toMatchObject({ type: 'unreachable', applied: 'no' })
})

test.each([
  { channel: 'none' },
  { channel: 'qemu-agent' },
  { channel: 'ssh', host: '127.0.0.1' },
  { channel: 'ssh', host: '127.0.0.1', user: 'me', hostKey: 'ssh-ed25519 AAAA' },
])('settings that lack what the channel needs let nobody in: %j', async (settings) => {
  expect(await failureOf(callGuest('scripts.freeze', settings, linux))).toMatchObject({ type: 'notLetIn', applied: 'no' })
})

/** A guest whose clock stands still but for the test, after the connection broke over a pre-freeze script that takes a minute. */
async function startSlow() {
  const clock = createPlatformClock(0, 0)
  const slow: SimulatedScript = { does: 'holds', exitCode: 0, holdsAfterMs: 60_000 }
  const harness = await startGuest({ ...LINUX, '/usr/sbin/pre-freeze-script': slow }, clock)
  harness.agent.faults.add({ operation: 'guest-exec', does: 'breaksAfter', skip: 1 })
  expect(await failureOf(callGuest('scripts.freeze', overAgentOf(harness), linux))).toMatchObject({ type: 'answerLost' })
  return { ...harness, clock, thaw: () => callGuest('scripts.thaw', overAgentOf(harness), linux) }
}

test('P5 a thaw counts where the pre-freeze script had ended before it began, and lets go at once all the same', async () => {
  await using slow = await startSlow()
  expect(await failureOf(slow.thaw())).toEqual({
    type: 'freezeRuns',
    message: 'a pre-freeze script still runs in the guest: process 1002',
    retryable: true,
    applied: 'maybe',
  })
  expect(slow.guest.log).toEqual(['/usr/sbin/pre-freeze-script', '/usr/sbin/post-thaw-script'])
  slow.clock.advance(60_000)
  expect([...slow.guest.holding]).toEqual(['/usr/sbin/pre-freeze-script'])
  expect(await slow.thaw()).toEqual({})
  expect(slow.guest.holding.size).toBe(0)
})

test('an engine that lost its run while a pre-freeze script ran starts no further one', async () => {
  const folder = '/etc/qemu/fsfreeze-hook.d'
  await using harness = await startGuest({ [`${folder}/10-database`]: byArgument(), [`${folder}/20-mail`]: byArgument() })
  const fenced = new Error('another engine owns the run')
  const assertOwner = (): void => {
    if (harness.guest.log.length > 0) throw fenced
  }
  const freezing = callAction(
    platform.handlers,
    'guest/scripts.freeze',
    { machine: { $target: 'guest', connection: 'guest/Machine' }, vm: 'vm-112', os: 'other', esx: 'none' },
    { connection: () => ({ target: 'guest', type: 'guest/Machine', settings: overAgentOf(harness) }), assertOwner },
  )
  await expect(freezing).rejects.toBe(fenced)
  expect(harness.guest.log).toEqual([`${folder}/10-database freeze`])
})
