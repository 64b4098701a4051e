// The contract of channels over two of them into the same true guest.
import { afterAll, beforeAll, describe } from 'vitest'
import { systemClock } from '../../../src/engine/index.ts'
import { agentChannel } from '../../../src/platforms/guest/agent-programs.ts'
import { type Channel, runsOver } from '../../../src/platforms/guest/programs.ts'
import { sshChannel } from '../../../src/platforms/guest/ssh-programs.ts'
import { peer } from '../../peers/peer.ts'
import { hasGuest } from '../qemu/has-guest.ts'
import { channelContract } from './channel.contract.ts'
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
  })

  describe('by SSH', () => {
    channelContract(
      () => ({
        channel: () => sshChannel(guest.ssh),
        exists: (path) => existsOver(agentChannel(guest.agentSocket, systemClock), path),
      }),
      { tellsSignals: true, manyBytes: 200_000 },
    )
  })
})
