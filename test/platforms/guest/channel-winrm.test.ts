import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { winrmChannel } from '../../../src/platforms/guest/winrm/index.ts'
import { peer } from '../../peers/peer.ts'
import { channelContract } from './channel.contract.ts'
import { startWinrm, type WinrmWorld } from './winrm-world.ts'

describe.skipIf(!peer('openssl', 'openssl'))('a responder that speaks as WinRM does', () => {
  let world: WinrmWorld
  beforeAll(async () => {
    world = await startWinrm()
  })
  afterAll(async () => {
    // Whatever became of a program, no shell is left in the guest.
    expect(world.responder.shells).toBe(0)
    await world[Symbol.asyncDispose]()
  })
  channelContract(
    () => ({
      channel: (clock) => winrmChannel({ target: 'guest', type: 'guest/Machine', settings: { ...world.settings } }, clock),
      exists: async (path) => existsSync(path),
    }),
    {
      tellsSignals: false,
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML 1.0 excludes.
      carries: (character) => !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(character),
      manyBytes: 1_000_000,
    },
  )
})
