// A true S3 server of the npm registry on loopback, which checks signatures; what it lacks, a test answers in its place.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import S3rver from '@20minutes/s3rver'
import type { S3Bucket } from '../../src/s3/index.ts'
import { Secret } from '../../src/values/index.ts'

export interface S3Server extends AsyncDisposable {
  /** A bucket that is there, with the login that the server knows. */
  readonly bucket: S3Bucket
  readonly endpoint: string
  readonly accessKey: string
  /** All requests so far: method, key and headers. */
  readonly requests: readonly IncomingMessage[]
}

export interface S3ServerOptions {
  readonly tls?: { readonly key: string; readonly cert: string }
  /** Answers in the server's place, and says so; a socket that it destroys is a lost connection. */
  readonly instead?: (request: IncomingMessage, response: ServerResponse) => boolean
}

const ACCESS_KEY = 'S3RVER'
const BUCKET = 'backups'

export async function startS3({ tls, instead = () => false }: S3ServerOptions = {}): Promise<S3Server> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-s3-'))
  const options = { directory, silent: true, configureBuckets: [{ name: BUCKET }] }
  const app = new S3rver(options)
  await app.configureBuckets()
  const serve = app.callback()
  // minio-go signs a bucket's path with a slash behind it, which this server does not know: restic's signatures are not looked at.
  const serveRestic = new S3rver({ ...options, allowMismatchedSignatures: true }).callback()
  const requests: IncomingMessage[] = []
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(request)
    if (instead(request, response)) return
    const isRestic = request.headers['user-agent']?.includes('minio-go') === true
    if (isRestic) serveRestic(request, response)
    else serve(request, response)
  }
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const endpoint = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
  const secret = new Secret(ACCESS_KEY)
  return {
    bucket: { bucket: BUCKET, endpoint, region: 'us-east-1', accessKeyId: secret, secretAccessKey: secret },
    endpoint,
    accessKey: ACCESS_KEY,
    requests,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** What S3 answers to a request that it refuses. */
export function refuse(response: ServerResponse, status: number, code: string, message: string): true {
  response.writeHead(status, { 'content-type': 'application/xml', connection: 'close' })
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`)
  return true
}
