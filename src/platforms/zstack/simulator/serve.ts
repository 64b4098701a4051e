// The simulated platform behind a port of this machine.
import fastify from 'fastify'
import type { ZstackSimulator } from './start.ts'

const HOST = '127.0.0.1'

export interface Served extends AsyncDisposable {
  readonly url: string
}

/** Port 0 is any free one. Closing it leaves the platform as it is. */
export async function serve({ api }: ZstackSimulator, port: number): Promise<Served> {
  const app = fastify({ forceCloseConnections: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body))
  app.all('/*', async ({ method, url, headers, body }, reply) => {
    const plain = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')])
    const told = typeof body === 'string' && body !== '' ? { body } : {}
    const answer = api.answer({ method, origin: '', path: url, headers: Object.fromEntries(plain), ...told })
    return reply.code(answer.status).headers(answer.headers).send(Buffer.from(answer.body))
  })
  return { url: await app.listen({ host: HOST, port }), [Symbol.asyncDispose]: () => app.close() }
}
