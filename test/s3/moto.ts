// An S3 service of other authors that knows versions and object lock: moto, of Python, in a process of its own on loopback.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type S3Bucket, S3Failed } from '../../src/s3/index.ts'
import { createSender, type S3Request } from '../../src/s3/send.ts'
import { contentsOf, textOf } from '../../src/s3/xml.ts'
import { Secret } from '../../src/values/index.ts'
import { MOTO_SERVER } from '../peers/newer-peers.ts'
import { fetchedPeer, pythonPeer } from '../peers/peer.ts'

/** Whether it and what it needs is there. */
export const canLock = (): boolean =>
  [
    fetchedPeer(MOTO_SERVER.path),
    ...['flask', 'flask_cors', 'boto3', 'responses', 'xmltodict', 'cryptography'].map((module) =>
      pythonPeer(module, `python3-${module.replace('_', '-')}`),
    ),
  ].every((isThere) => isThere)

export interface LockingS3 extends AsyncDisposable {
  /** With object lock, and so with versions. */
  readonly bucket: S3Bucket
  /** All that was ever put and is not deleted for good, and the markers that hide some of it. */
  versions(): Promise<readonly Version[]>
  /** Deletes for good; answers whether the service did. `bypass`: by the right that passes governance. */
  remove(version: Version, bypass?: boolean): Promise<boolean>
}

export interface Version {
  readonly key: string
  readonly id: string
  readonly isMarker: boolean
}

const SERVE = 'from moto.server import main; main()'

export async function startLockingS3(): Promise<LockingS3> {
  const env = { ...process.env, PYTHONPATH: MOTO_SERVER.path }
  const server = spawn('/usr/bin/python3', ['-c', SERVE, '-H', '127.0.0.1', '-p', '0'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(server, 'close')
  const secret = new Secret('any')
  const endpoint = await new Promise<string>((resolve, reject) => {
    let said = ''
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const [, url] = /Running on (http:\S+)/.exec(said) ?? []
      if (url) resolve(url)
    })
    void ended.then(() => reject(new Error(said)))
  })
  const bucket: S3Bucket = { bucket: 'locked', endpoint, region: 'us-east-1', accessKeyId: secret, secretAccessKey: secret }
  const { send, close } = createSender(bucket)
  await send({ method: 'PUT', headers: { 'X-Amz-Bucket-Object-Lock-Enabled': 'true' } })
  return {
    bucket,
    versions: async () =>
      versionsIn((await send({ method: 'GET', query: { versions: '', 'max-keys': '1000' } })).body.toString()),
    remove: async ({ key, id }, bypass = false) => {
      const headers = bypass ? { 'X-Amz-Bypass-Governance-Retention': 'true' } : {}
      return await isDone(send({ method: 'DELETE', key, query: { versionId: id }, headers } satisfies S3Request))
    },
    [Symbol.asyncDispose]: async () => {
      close()
      server.kill()
      await ended
    },
  }
}

function versionsIn(xml: string): readonly Version[] {
  if (textOf(xml, 'IsTruncated') === 'true') throw new Error('more versions than one answer holds')
  return (['Version', 'DeleteMarker'] as const).flatMap((name) =>
    contentsOf(xml, name).map((entry) => ({
      key: textOf(entry, 'Key') ?? '',
      id: textOf(entry, 'VersionId') ?? '',
      isMarker: name === 'DeleteMarker',
    })),
  )
}

async function isDone(sent: Promise<unknown>): Promise<boolean> {
  try {
    await sent
    return true
  } catch (error) {
    if (error instanceof S3Failed && error.status === 403) return false
    throw error
  }
}
