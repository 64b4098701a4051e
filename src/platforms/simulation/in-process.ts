// A simulator's HTTP server without a socket.
import type { FastifyInstance } from 'fastify'
import type { HttpAnswer, HttpRequest } from '../../http/index.ts'

/** Answers the request as the server would. Faults that break a connection need a socket. */
export async function answerTo(
  app: FastifyInstance,
  { origin, method, path, headers, body, bytes }: HttpRequest,
): Promise<HttpAnswer> {
  const answer = await app.inject({
    method: method as 'GET',
    url: path,
    headers: { host: new URL(origin).host, ...headers },
    ...(body === undefined ? {} : { payload: body }),
    ...(bytes === undefined ? {} : { payload: Buffer.from(bytes) }),
  })
  const told = Object.entries(answer.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : String(value ?? ''),
  ])
  return { status: answer.statusCode, headers: Object.fromEntries(told), body: answer.rawPayload }
}
