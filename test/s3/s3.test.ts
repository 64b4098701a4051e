import { describe, expect, test } from 'vitest'
import { openBucket, S3Failed, S3Lost } from '../../src/s3/index.ts'
import { placeOf } from '../../src/s3/send.ts'
import { contentsOf, textOf } from '../../src/s3/xml.ts'
import { Secret } from '../../src/values/index.ts'
import { startS3 } from './server.ts'

const key = new Secret('key')
const own = { bucket: 'backups', region: 'eu-1', accessKeyId: key, secretAccessKey: key }

describe('where requests to a bucket go', () => {
  test.each([
    [own, 'https://backups.s3.eu-1.amazonaws.com/', ''],
    [{ ...own, bucket: 'with.dots' }, 'https://s3.eu-1.amazonaws.com/', '/with.dots'],
    [{ ...own, addressing: 'path' as const }, 'https://s3.eu-1.amazonaws.com/', '/backups'],
    [{ ...own, endpoint: 'https://s3.example:9000' }, 'https://s3.example:9000/', '/backups'],
    [{ ...own, endpoint: 'http://[::1]:9000/' }, 'http://[::1]:9000/', '/backups'],
    [{ ...own, endpoint: 'https://gateway.example/s3/' }, 'https://gateway.example/s3/', '/s3/backups'],
    [
      { ...own, endpoint: 'https://s3.example:9000', addressing: 'virtual-host' as const },
      'https://backups.s3.example:9000/',
      '',
    ],
  ])('%#', (bucket, url, prefix) => {
    const place = placeOf(bucket)
    expect([place.url.href, place.prefix]).toEqual([url, prefix])
  })
})

describe('what answers say', () => {
  test('elements are found in order, with and without attributes, over lines', () => {
    const xml = '<List xmlns="x"><Contents><Key>a</Key></Contents>\n<Contents a="b"><Key>b\nc</Key></Contents></List>'
    expect(contentsOf(xml, 'Contents').map((entry) => textOf(entry, 'Key'))).toEqual(['a', 'b\nc'])
    expect(textOf(xml, 'Size')).toBeUndefined()
  })

  test('a name that another begins with is another one', () => {
    expect(textOf('<KeyCount>2</KeyCount><Key>a</Key>', 'Key')).toBe('a')
  })

  test('character references are read', () => {
    expect(textOf('<Message>a &amp;lt; b &lt; &quot;c&quot;</Message>', 'Message')).toBe('a &lt; b < "c"')
  })
})

describe('objects', () => {
  test.each(['plain', 'a b+c=d/é(1)*!', '100%25'])('are found again by their key: %s', async (key) => {
    await using server = await startS3()
    const objects = openBucket(server.bucket)
    await objects.put(key, [Buffer.from(key)])
    expect(await objects.list('')).toEqual([{ key, sizeBytes: Buffer.byteLength(key) }])
    expect((await objects.get(key)).toString()).toBe(key)
    await objects.remove(key)
    await expect(objects.sizeOf(key)).rejects.toBeInstanceOf(S3Failed)
    objects.close()
  })

  test('are listed page by page, with keys as the service encodes them', async () => {
    const page = (keys: readonly string[], more: string): string =>
      `<ListBucketResult><EncodingType>url</EncodingType>${keys
        .map((each) => `<Contents><Key>${each}</Key><Size>7</Size></Contents>`)
        .join('')}${more}</ListBucketResult>`
    await using server = await startS3({
      instead: (request, response) => {
        const isSecond = request.url?.includes('continuation-token=a%2Bb%2F%3D') === true
        response.end(
          isSecond
            ? page(['z'], '<IsTruncated>false</IsTruncated>')
            : page(['a%2Fb', 'c+d%2B'], '<IsTruncated>true</IsTruncated><NextContinuationToken>a+b/=</NextContinuationToken>'),
        )
        return true
      },
    })
    const objects = openBucket(server.bucket)
    expect((await objects.list('')).map((object) => object.key)).toEqual(['a/b', 'c d+', 'z'])
    expect(server.requests).toHaveLength(2)
    objects.close()
  })

  test('a service that changes what it was sent is noticed by it: the signature covers every byte', async () => {
    await using server = await startS3({
      instead: (request) => {
        if (request.method === 'PUT') request.headers['x-amz-content-sha256'] = '0'.repeat(64)
        return false
      },
    })
    const objects = openBucket(server.bucket)
    await expect(objects.put('a', [Buffer.from('b')])).rejects.toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' })
    objects.close()
  })

  test('a borrowed login sends its token, signed', async () => {
    await using server = await startS3()
    const objects = openBucket({ ...server.bucket, sessionToken: new Secret('the token') })
    await objects.list('')
    const headers = server.requests[0]?.headers
    expect(headers?.['x-amz-security-token']).toBe('the token')
    expect(headers?.authorization).toMatch(/SignedHeaders=[^,]*x-amz-security-token/)
    objects.close()
  })

  test('a port that nobody listens on is no answer', async () => {
    const server = await startS3()
    await server[Symbol.asyncDispose]()
    await expect(openBucket(server.bucket).list('')).rejects.toBeInstanceOf(S3Lost)
  })
})
