// The contract of channels over two of them into the same true guest.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/engine/index.ts'
import { agentChannel } from '../../../src/platforms/guest/agent-programs.ts'
import { type Channel, runsOver } from '../../../src/platforms/guest/programs.ts'
import { sshChannel } from '../../../src/platforms/guest/ssh-programs.ts'
import { peer } from '../../peers/peer.ts'
import { failureOf } from '../calls.ts'
import { hasGuest } from '../qemu/has-guest.ts'
import { channelContract } from './channel.contract.ts'
import { listenBefore } from './cut-short.ts'
import { freezeRunsOnContract } from './freeze-runs-on.contract.ts'
import { callGuest } from './harness.ts'
import { type ReachableGuest, startReachableGuest } from './measured-guest.ts'

const never = new AbortController().signal

describe.skipIf(!hasGuest || !peer('ssh-keygen', 'openssh-client'))('one true guest', { timeout: 600_000 }, () => {
  let guest: ReachableGuest
  beforeAll(async () => {
    guest = await startReachableGuest()
  }, 600_000)
  afterAll(() => guest[Symbol.asyncDispose]())

  const existsOver = async (channel: Channel, path: string): Promise<boolean> => {
    const looking = { argv: ['test', '-e', path], deadlineMs: 600_000, maxOutputBytes: 0 } as const
    const { end } = await runsOver(channel, systemClock)(looking, never)
    return end.kind === 'exited' && end.exitCode === 0
  }

  const settings = (channel: string) => {
    if (channel === 'qemu-agent') return { channel, socket: guest.agentSocket }
    const { login, ...host } = guest.ssh
    return { channel, ...host, ...(login.kind === 'key' ? { privateKey: login.privateKey } : {}) }
  }

  describe('by its QEMU guest agent', () => {
    channelContract(
      () => ({
        channel: (clock) => agentChannel(guest.agentSocket, clock),
        exists: (path) => existsOver(sshChannel(guest.ssh), path),
      }),
      {
        tellsSignals: true,
        carries: (character) => !/\p{Noncharacter_Code_Point}/u.test(character),
        manyBytes: 200_000,
      },
    )
    freezeRunsOnContract(
      async () => {
        const path = `${guest.agentSocket}.cut-short`
        const through = await listenBefore({ path: guest.agentSocket }, path)
        return { ...through, channel: agentChannel(path, systemClock) }
      },
      { alsoWhatIsTheSame: true },
    )
  })

  describe('by SSH', () => {
    channelContract(
      () => ({
        channel: () => sshChannel(guest.ssh),
        exists: (path) => existsOver(agentChannel(guest.agentSocket, systemClock), path),
      }),
      { tellsSignals: true, manyBytes: 200_000 },
    )
    freezeRunsOnContract(
      async () => {
        const through = await listenBefore(guest.ssh)
        return { ...through, channel: sshChannel({ ...guest.ssh, port: through.port }) }
      },
      { alsoWhatIsTheSame: false },
    )
  })

  describe('with a writer', () => {
    beforeAll(() => guest.startWriter())

    test.each(['qemu-agent', 'ssh'])(
      'its own scripts make its writer hold still, its file systems are frozen and thawed, and it writes on: %s',
      async (channel) => {
        const agent = settings('qemu-agent')
        const last = async (): Promise<string> =>
          String((await callGuest('exec', settings(channel), { program: 'tail', arguments: ['-n', '1', '/wal/journal'] })).stdout)
        const scripts = { os: 'other', esx: 'none' }
        expect(await callGuest('scripts.freeze', settings(channel), scripts)).toEqual({
          scripts: ['/etc/qemu/fsfreeze-hook.d/hold'],
        })
        const held = await last()
        expect(await callGuest('filesystems.freeze', agent)).toEqual({ filesystems: 2 })
        expect(await callGuest('filesystems.state', agent)).toEqual({ found: true })
        // A frozen agent runs nothing; over SSH programs run on.
        if (channel === 'ssh') expect(await last()).toBe(held)
        else
          expect(await failureOf(callGuest('exec', agent, { program: 'true' }))).toMatchObject({
            type: 'agentRefused',
            applied: 'no',
          })
        await callGuest('filesystems.thaw', agent)
        expect(await last()).toBe(held)
        await callGuest('scripts.thaw', settings(channel), { ...scripts, reason: 'thaw' })
        while ((await last()) === held) await new Promise((resolve) => setTimeout(resolve, 50))
      },
    )
  })
})
