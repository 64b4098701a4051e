import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe } from 'vitest'
import { sshChannel } from '../../../src/platforms/guest/ssh-programs.ts'
import { peer } from '../../peers/peer.ts'
import { type Sshd, startSshd } from '../../ssh/sshd.ts'
import { channelContract } from './channel.contract.ts'

const exists = async (path: string): Promise<boolean> => existsSync(path)

describe.skipIf(!peer('sshd', 'openssh-server'))('a true sshd', () => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd[Symbol.asyncDispose]())
  channelContract(() => ({ channel: () => sshChannel(sshd.host), exists }), { tellsSignals: true, manyBytes: 1_000_000 })
})
