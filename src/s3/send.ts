// One request to an object store: signed (AWS Signature Version 4), sent, its answer read to the end. Redirects are not followed.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as overHttp,
} from 'node:http'
import { Agent as HttpsAgent, request as overHttps } from 'node:https'
import { rootCertificates } from 'node:tls'
import aws4 from 'aws4'
import { type S3Bucket, S3Failed, S3Lost } from './model.ts'
import { textOf } from './xml.ts'

/** A service that says nothing for so long is gone. */
const SILENCE_MS = 60_000
const CONNECTIONS = 16

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  /** Absent for the bucket itself. */
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** The body, one behind the other. */
  readonly parts?: readonly Buffer[]
}

export interface S3Answer {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Sends requests over connections that it keeps until `close`. Rejects with `S3Failed` or `S3Lost`. */
export interface Sender {
  send(request: S3Request): Promise<S3Answer>
  close(): void
}

export function createSender(bucket: S3Bucket): Sender {
  const { url, prefix } = placeOf(bucket)
  const isTls = url.protocol === 'https:'
  const agentOptions = { keepAlive: true, maxSockets: CONNECTIONS }
  const ca = bucket.caFile === undefined ? undefined : [...rootCertificates, readFileSync(bucket.caFile, 'utf8')]
  const agent = isTls ? new HttpsAgent({ ...agentOptions, ...(ca ? { ca } : {}) }) : new HttpAgent(agentOptions)

  function start({ method, key, query = {}, headers = {}, parts = [] }: S3Request): ClientRequest {
    const path = `${prefix}${key === undefined ? '' : `/${key.split('/').map(encodeURIComponent).join('/')}`}` || '/'
    const search = new URLSearchParams(query).toString().replaceAll('+', '%20')
    const hash = createHash('sha256')
    for (const part of parts) hash.update(part)
    const digest = hash.digest()
    const signed = aws4.sign(
      {
        method,
        service: 's3',
        region: bucket.region,
        path: search === '' ? path : `${path}?${search}`,
        headers: {
          Host: url.host,
          ...headers,
          'X-Amz-Content-Sha256': digest.toString('hex'),
          ...(method === 'PUT'
            ? {
                'Content-Length': String(parts.reduce((sum, part) => sum + part.length, 0)),
                // The service compares it with what it stored; it is what puts under a lock must have.
                'X-Amz-Checksum-Sha256': digest.toString('base64'),
              }
            : {}),
        },
      },
      {
        accessKeyId: bucket.accessKeyId.reveal(),
        secretAccessKey: bucket.secretAccessKey.reveal(),
        ...(bucket.sessionToken ? { sessionToken: bucket.sessionToken.reveal() } : {}),
      },
    )
    return (isTls ? overHttps : overHttp)({
      agent,
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      method,
      path: signed.path,
      headers: signed.headers as Record<string, string>,
    })
  }

  return {
    async send(asked) {
      const name = `${asked.method} ${asked.key ?? bucket.bucket}`
      try {
        const request = start(asked)
        request.setTimeout(SILENCE_MS, () => request.destroy(new Error(`the service said nothing for ${SILENCE_MS / 1000} s`)))
        const [response, body] = await exchange(request, asked.parts ?? [])
        const { statusCode: status = 0 } = response
        if (status >= 200 && status < 300) return { headers: response.headers, body }
        throw refused(name, status, body.toString())
      } catch (error) {
        throw error instanceof S3Failed ? error : new S3Lost(name, { cause: error as Error })
      }
    },
    close: () => agent.destroy(),
  }
}

/** Where requests go: the service's address, and what every path begins with. */
export function placeOf({ bucket, endpoint, region, addressing }: S3Bucket): { readonly url: URL; readonly prefix: string } {
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`)
  const above = url.pathname.replace(/\/+$/, '')
  // A certificate for *.host does not cover a bucket with dots.
  const inPath = addressing === undefined ? endpoint !== undefined || bucket.includes('.') : addressing === 'path'
  if (inPath) return { url, prefix: `${above}/${bucket}` }
  url.host = `${bucket}.${url.host}`
  return { url, prefix: above }
}

function exchange(request: ClientRequest, parts: readonly Buffer[]): Promise<readonly [IncomingMessage, Buffer]> {
  return new Promise((resolve, reject) => {
    let answered = false
    request.on('error', (error) => {
      // A service that refuses early stops listening; what it says counts.
      if (!answered) reject(error)
    })
    request.on('response', (response) => {
      answered = true
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve([response, Buffer.concat(chunks)]))
    })
    for (const part of parts) request.write(part)
    request.end()
  })
}

const refused = (name: string, status: number, body: string): S3Failed =>
  new S3Failed(name, status, textOf(body, 'Code') ?? '', textOf(body, 'Message') ?? '')
