// True scripts in true guests: run one by one through a channel, with what each of them does to the others.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/engine/index.ts'
import { agentChannel } from '../../../src/platforms/guest/agent-programs.ts'
import { LAYOUTS, type ScriptPlace } from '../../../src/platforms/guest/layouts.ts'
import { runsOver } from '../../../src/platforms/guest/programs.ts'
import { runPostThaw, runPreFreeze } from '../../../src/platforms/guest/scripts.ts'
import { sshChannel } from '../../../src/platforms/guest/ssh-programs.ts'
import { peer } from '../../peers/peer.ts'
import { startSshd } from '../../ssh/sshd.ts'
import { failureOf } from '../calls.ts'
import { startRealAgent } from './agent-program.ts'
import { callGuest } from './harness.ts'

const never = new AbortController().signal
const hooks = LAYOUTS.other.none
const linux = { os: 'other', esx: 'from35U2' }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-scripts-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function script(path: string, text: string): string {
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o700)
  return path
}

const log = (): string => join(folder, 'log')
const logged = (): readonly string[] => readFileSync(log(), 'utf8').trim().split('\n')
const at = <Place extends ScriptPlace>(place: Place, path: string): Place => ({ ...place, path })

test.skipIf(!peer('sshd', 'openssh-server'))('one script before and one after, over SSH', async () => {
  await using sshd = await startSshd()
  const freeze = script(join(folder, "pre freeze's"), `echo frozen $# >> '${log()}'`)
  const thaw = script(join(folder, 'thaw'), `echo thawed >> '${log()}'; echo no space >&2; exit 3`)
  const run = runsOver(sshChannel(sshd.host), systemClock)
  const { preFreeze, postThaw } = LAYOUTS.other.from35U2
  expect(await runPreFreeze(run, 'other', at(preFreeze, freeze), never)).toEqual([
    { script: freeze, succeeded: true, how: 'ended with 0', exitCode: 0, said: '' },
  ])
  expect(await runPostThaw(run, 'other', at(postThaw, thaw), 'thaw', never)).toEqual([
    { script: thaw, succeeded: false, how: 'ended with 3', exitCode: 3, said: 'no space' },
  ])
  expect(logged()).toEqual(['frozen 0', 'thawed'])
  expect(await runPreFreeze(run, 'other', at(preFreeze, join(folder, 'none')), never)).toEqual([])

  const { host, port, user, hostKey, login } = sshd.host
  const settings = {
    ...{ channel: 'ssh', host, port, user, hostKey },
    ...(login.kind === 'key' ? { privateKey: login.privateKey } : {}),
  }
  expect(await callGuest('scripts.thaw', settings, linux)).toEqual({})
  const strange = { ...settings, hostKey: sshd.strangeKey }
  expect(await failureOf(callGuest('scripts.freeze', strange, linux))).toMatchObject({ type: 'notLetIn', retryable: false })
})

describe.skipIf(!peer('qemu-ga', 'qemu-guest-agent'))('hooks of the QEMU guest agent, run through it', () => {
  /** The dispatcher as Debian's qemu-guest-agent 7.2 brings it, in short: whatever a hook ends with, it ends with 0. */
  const dispatcher = (): string =>
    script(
      join(folder, 'fsfreeze-hook'),
      `for file in "$(dirname "$0")/fsfreeze-hook.d"/*; do [ -x "$file" ] && "$file" "$@"; done\nexit 0`,
    )
  const hook = (name: string, text: string): string => {
    mkdirSync(join(folder, 'fsfreeze-hook.d'), { recursive: true })
    return script(join(folder, 'fsfreeze-hook.d', name), `echo ${name} "$@" >> '${log()}'; ${text}`)
  }
  const place = (phase: 'preFreeze' | 'postThaw'): ScriptPlace => at(hooks[phase], join(folder, 'fsfreeze-hook.d'))

  test('a hook that fails is noticed where the dispatcher ends with 0', async () => {
    await using agent = await startRealAgent()
    hook('10-database', ':')
    const failing = hook('20-mail', 'echo no answer >&2; exit 7')
    hook('30-web', ':')
    const settings = { channel: 'qemu-agent', socket: agent.socket }
    const dispatched = await callGuest('exec', settings, { program: dispatcher(), arguments: ['freeze'] })
    expect(dispatched).toMatchObject({ exitCode: 0 })
    rmSync(log())

    const run = runsOver(agentChannel(agent.socket, systemClock), systemClock)
    const ran = await runPreFreeze(run, 'other', place('preFreeze'), never)
    expect(ran.at(-1)).toEqual({ script: failing, succeeded: false, how: 'ended with 7', exitCode: 7, said: 'no answer' })
    expect(logged()).toEqual(['10-database freeze', '20-mail freeze'])
  })

  test('hooks are told freeze in ascending order and thaw in descending order, and what is no hook is left alone', async () => {
    await using agent = await startRealAgent()
    for (const name of ['10 data base', '9-first', '20-mail', '20-mail.dpkg-old', '30-web~']) hook(name, ':')
    chmodSync(hook('15-not-executable', ':'), 0o600)
    mkdirSync(join(folder, 'fsfreeze-hook.d', '25-folder'))
    const run = runsOver(agentChannel(agent.socket, systemClock), systemClock)
    await runPreFreeze(run, 'other', place('preFreeze'), never)
    await runPostThaw(run, 'other', place('postThaw'), 'thaw', never)
    await runPostThaw(run, 'other', place('postThaw'), 'freezeFail', never)
    const names = ['10 data base', '20-mail', '9-first']
    const descending = names.toReversed().map((name) => `${name} thaw`)
    expect(logged()).toEqual([...names.map((name) => `${name} freeze`), ...descending, ...descending])
  })

  test('one that hangs is ended and reported; of those that let go the others run all the same', async () => {
    await using agent = await startRealAgent()
    hook('10-database', ':')
    const hanging = hook('20-mail', 'echo waiting; sleep 600')
    const run = runsOver(agentChannel(agent.socket, systemClock), systemClock)
    const ran = await runPostThaw(run, 'other', { ...place('postThaw'), deadlineMs: 2000 }, 'thaw', never)
    expect(ran.map(({ script, succeeded }) => [script === hanging, succeeded])).toEqual([
      [true, false],
      [false, expect.any(Boolean)],
    ])
    expect(ran[0]?.how).toBe('was ended when it had not ended within 2 s')
  })

  test('one that a signal ends has not succeeded', async () => {
    await using agent = await startRealAgent()
    hook('10-database', 'kill -SEGV $$')
    const run = runsOver(agentChannel(agent.socket, systemClock), systemClock)
    expect(await runPreFreeze(run, 'other', place('preFreeze'), never)).toMatchObject([
      { succeeded: false, how: 'was ended by SIGSEGV' },
    ])
  })

  test('a folder that is not there holds no hooks', async () => {
    await using agent = await startRealAgent()
    const run = runsOver(agentChannel(agent.socket, systemClock), systemClock)
    expect(await runPreFreeze(run, 'other', place('preFreeze'), never)).toEqual([])
  })
})
