import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe } from 'vitest'
import { agentChannel } from '../../../src/platforms/guest/agent-programs.ts'
import { peer } from '../../peers/peer.ts'
import { type RealAgent, startRealAgent } from './agent-program.ts'
import { channelContract } from './channel.contract.ts'

const exists = async (path: string): Promise<boolean> => existsSync(path)

describe.skipIf(!peer('qemu-ga', 'qemu-guest-agent'))('a true QEMU guest agent', () => {
  let agent: RealAgent
  beforeAll(async () => {
    agent = await startRealAgent()
  })
  afterAll(() => agent[Symbol.asyncDispose]())
  channelContract(() => ({ channel: (clock) => agentChannel(agent.socket, clock), exists }), {
    tellsSignals: true,
    carries: (character) => !/\p{Noncharacter_Code_Point}/u.test(character),
    manyBytes: 1_000_000,
  })
})
