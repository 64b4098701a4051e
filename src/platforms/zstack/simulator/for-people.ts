// `holdfast simulate zstack`: a platform over HTTP, ready for jobs to be set up on it.
import fastify from 'fastify'
import type { SimulatorModule } from '../../platform.ts'
import { startZstackSimulator } from './start.ts'

const HOST = '127.0.0.1'
const MIB = 2 ** 20
const WRITE_EVERY_MS = 2000

export const simulator: SimulatorModule = {
  async start({ port, seed, rate }) {
    const zstack = await startZstackSimulator({ seed, rate, startAt: Date.now(), sizesBytes: [256 * MIB, 64 * MIB] })
    zstack.write(zstack.vmUuid, 100)
    // Its guest goes on writing.
    const timer = setInterval(() => zstack.write(zstack.vmUuid, 1), WRITE_EVERY_MS)
    timer.unref()
    const app = fastify({ forceCloseConnections: true })
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body))
    app.all('/*', async ({ method, url, headers, body }, reply) => {
      const plain = Object.entries(headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : (value ?? ''),
      ])
      const told = typeof body === 'string' && body !== '' ? { body } : {}
      const answer = zstack.api.answer({ method, origin: '', path: url, headers: Object.fromEntries(plain), ...told })
      return reply.code(answer.status).headers(answer.headers).send(Buffer.from(answer.body))
    })
    const address = await app.listen({ host: HOST, port })
    const [root, data] = zstack.volumeUuids
    return {
      url: address,
      connection: 'zstack/Connection',
      settings: { url: address, account: zstack.account, password: zstack.password },
      describe: () => [
        `VM erp-db            ${zstack.vmUuid}`,
        `  root volume        ${root}`,
        `  data volume        ${data}`,
        ...zstack.world.storages.map(({ name, role, uuid }) => `storage ${name.padEnd(12)} ${uuid}  ${role}`),
      ],
      close: async () => {
        clearInterval(timer)
        await app.close()
        zstack[Symbol.dispose]()
      },
    }
  },
}
