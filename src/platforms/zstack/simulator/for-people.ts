// `holdfast simulate zstack`: a platform over HTTP whose guest goes on writing, ready to be backed up and for jobs to be set up on it.
import type { SimulatorModule } from '../../platform.ts'
import { keepWriting } from '../../simulation/index.ts'
import { serve } from './serve.ts'
import { startZstackSimulator } from './start.ts'

const MIB = 2 ** 20

export const simulator: SimulatorModule = {
  async start({ port, seed, rate }) {
    const zstack = await startZstackSimulator({ seed, rate, startAt: Date.now(), sizesBytes: [256 * MIB, 64 * MIB] })
    const { url, [Symbol.asyncDispose]: close } = await serve(zstack, port)
    zstack.write(zstack.vmUuid, 100)
    const stop = keepWriting(() => zstack.write(zstack.vmUuid, 1))
    const [root, data] = zstack.volumeUuids
    return {
      url,
      connection: 'zstack/Connection',
      settings: { url, account: zstack.account, password: zstack.password },
      describe: () => [
        `VM erp-db            ${zstack.vmUuid}`,
        `  root volume        ${root}`,
        `  data volume        ${data}`,
        ...zstack.world.storages.map(({ name, role, uuid }) => `storage ${name.padEnd(12)} ${uuid}  ${role}`),
      ],
      close: async () => {
        stop()
        await close()
        zstack[Symbol.dispose]()
      },
    }
  },
}
