// The objects of a bucket below a prefix. One request each, none repeated: whoever calls knows what may be.
import { type Retention, type S3Bucket, S3Failed } from './model.ts'
import { createSender, type S3Request } from './send.ts'
import { contentsOf, textOf } from './xml.ts'

export interface S3Object {
  readonly key: string
  readonly sizeBytes: number
}

/** Every call rejects with `S3Failed` for what the service refuses, and with `S3Lost` when it does not answer. */
export interface Objects {
  /** In one request, whole or not at all. Resolves false where the key was taken: then what is there stays. */
  put(key: string, parts: readonly Buffer[], retention?: Retention): Promise<boolean>
  /** Shorter than asked for where the object ends before; without a range all of it. */
  get(key: string, range?: { readonly offsetBytes: number; readonly lengthBytes: number }): Promise<Buffer>
  sizeOf(key: string): Promise<number>
  /** All whose key begins so. */
  list(prefix: string): Promise<readonly S3Object[]>
  /** One that is gone already is no error. */
  remove(key: string): Promise<void>
  close(): void
}

export function openBucket(bucket: S3Bucket): Objects {
  const { send, close } = createSender(bucket)
  let knowsConditions = true

  async function put(key: string, parts: readonly Buffer[], retention?: Retention): Promise<boolean> {
    const request: S3Request = { method: 'PUT', key, parts, headers: retention ? lockHeaders(retention) : {} }
    try {
      await send(knowsConditions ? { ...request, headers: { ...request.headers, 'If-None-Match': '*' } } : request)
      return true
    } catch (error) {
      if (!(error instanceof S3Failed)) throw error
      if (error.status === 412) return false
      if (error.status !== 501 || !knowsConditions) throw error
      knowsConditions = false
      return await put(key, parts, retention)
    }
  }

  return {
    put,
    async get(key, range) {
      if (!range) return (await send({ method: 'GET', key })).body
      const { offsetBytes, lengthBytes } = range
      if (lengthBytes === 0) return Buffer.alloc(0)
      const wanted = { Range: `bytes=${offsetBytes}-${offsetBytes + lengthBytes - 1}` }
      try {
        const { headers, body } = await send({ method: 'GET', key, headers: wanted })
        // A service may give more than it was asked for: then it says no range.
        return headers['content-range'] === undefined ? body.subarray(offsetBytes, offsetBytes + lengthBytes) : body
      } catch (error) {
        if (error instanceof S3Failed && error.status === 416) return Buffer.alloc(0)
        throw error
      }
    },
    sizeOf: async (key) => Number((await send({ method: 'HEAD', key })).headers['content-length']),
    async list(prefix) {
      const found: S3Object[] = []
      for (let token: string | undefined = ''; token !== undefined; ) {
        const more: Readonly<Record<string, string>> = token === '' ? {} : { 'continuation-token': token }
        const query = { 'list-type': '2', 'encoding-type': 'url', prefix, ...more }
        const xml = (await send({ method: 'GET', query })).body.toString()
        const spell = textOf(xml, 'EncodingType') === 'url' ? decoded : (key: string): string => key
        for (const entry of contentsOf(xml, 'Contents')) {
          found.push({ key: spell(textOf(entry, 'Key') ?? ''), sizeBytes: Number(textOf(entry, 'Size')) })
        }
        token = textOf(xml, 'IsTruncated') === 'true' ? textOf(xml, 'NextContinuationToken') : undefined
      }
      return found
    },
    async remove(key) {
      try {
        await send({ method: 'DELETE', key })
      } catch (error) {
        if (!(error instanceof S3Failed && error.code === 'NoSuchKey')) throw error
      }
    },
    close,
  }
}

const decoded = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '))

const lockHeaders = ({ mode, untilMs }: Retention): Readonly<Record<string, string>> => ({
  'X-Amz-Object-Lock-Mode': mode.toUpperCase(),
  // What is locked must come with a checksum, and with a word that it does.
  'X-Amz-Sdk-Checksum-Algorithm': 'SHA256',
  'X-Amz-Object-Lock-Retain-Until-Date': new Date(untilMs).toISOString(),
})
