// Pre-freeze scripts that outlive their engine, over a true sshd and a true qemu-ga on this machine, and in a simulated guest.
import { join } from 'node:path'
import { describe } from 'vitest'
import { systemClock } from '../../../src/engine/index.ts'
import { agentChannel } from '../../../src/platforms/guest/agent-programs.ts'
import { sshChannel } from '../../../src/platforms/guest/ssh-programs.ts'
import { peer } from '../../peers/peer.ts'
import { startSshd } from '../../ssh/sshd.ts'
import { startRealAgent } from './agent-program.ts'
import { listenBefore } from './cut-short.ts'
import { freezeRunsOnContract } from './freeze-runs-on.contract.ts'

describe.skipIf(!peer('sshd', 'openssh-server'))('over SSH', () =>
  freezeRunsOnContract(
    async () => {
      await using opened = new AsyncDisposableStack()
      const { host } = opened.use(await startSshd())
      const { port, cut } = opened.use(await listenBefore(host))
      const open = opened.move()
      return { channel: sshChannel({ ...host, port }), cut, [Symbol.asyncDispose]: () => open.disposeAsync() }
    },
    { alsoWhatIsTheSame: false },
  ),
)

describe.skipIf(!peer('qemu-ga', 'qemu-guest-agent'))('by the QEMU guest agent', () =>
  freezeRunsOnContract(
    async () => {
      await using opened = new AsyncDisposableStack()
      const { socket, folder } = opened.use(await startRealAgent())
      const path = join(folder, 'before.sock')
      const { cut } = opened.use(await listenBefore({ path: socket }, path))
      const open = opened.move()
      return { channel: agentChannel(path, systemClock), cut, [Symbol.asyncDispose]: () => open.disposeAsync() }
    },
    { alsoWhatIsTheSame: true },
  ),
)
