// Our NBD client against servers that others wrote.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  connectNbd,
  copyBlocks,
  type Extent,
  endOf,
  listNbdExports,
  type NbdError,
  openSink,
  openSource,
  relayStreams,
  totalBytes,
} from '../../src/blocks/index.ts'
import { type Certificates, createCertificates, createSelfSigned } from '../blocks/certificates.ts'
import { memoryDisk, sampleContent } from '../blocks/memory-disk.ts'
import { type Folder, nbdkit, nbdkitOnTcp, qemuNbd, qemuNbdOnTcp, run, temporaryFolder } from './nbd-peers.ts'
import { peer } from './peer.ts'

const hasNbdkit = peer('nbdkit', 'nbdkit')
const hasQemu = peer('qemu-nbd', 'qemu-utils') && peer('qemu-img', 'qemu-utils') && peer('qemu-io', 'qemu-utils')
const hasOpenssl = peer('openssl', 'openssl')
const MIB = 2 ** 20

const errorOf = (call: Promise<unknown>): Promise<NbdError> =>
  call.then(
    () => expect.fail('the call succeeded'),
    (error: NbdError) => error,
  )

/** nbdkit's pattern: every 8 bytes are their own offset, big-endian, here below 4 GiB. */
function pattern(offsetBytes: number, lengthBytes: number): Buffer {
  const first = Math.floor(offsetBytes / 8)
  const words = Buffer.alloc((Math.ceil((offsetBytes + lengthBytes) / 8) - first) * 8)
  for (let at = 0; at < words.length; at += 8) words.writeUInt32BE(first * 8 + at, at + 4)
  return words.subarray(offsetBytes - first * 8, offsetBytes - first * 8 + lengthBytes)
}

describe.skipIf(!hasNbdkit)('against nbdkit', () => {
  it('reads any range of a known pattern, even more than one request may carry', async () => {
    using server = nbdkit('pattern', '40M')
    await using client = await connectNbd(server, '')
    for (const [offsetBytes, lengthBytes] of [
      [0, 40 * MIB],
      [1, 1],
      [4093, 70_001],
      [40 * MIB - 5, 5],
    ] as const) {
      const into = Buffer.alloc(lengthBytes)
      await client.read(offsetBytes, into)
      expect(into.equals(pattern(offsetBytes, lengthBytes)), `${lengthBytes} at ${offsetBytes}`).toBe(true)
    }
  })

  it('reads through the standard streams of a program, which ends with the connection', async () => {
    const program = spawn('nbdkit', ['-s', 'pattern', '5M'], { stdio: ['pipe', 'pipe', 'inherit'] })
    const ended = once(program, 'exit')
    {
      const open = async () => Duplex.from({ writable: program.stdin, readable: program.stdout })
      await using client = await connectNbd({ open }, '')
      const into = Buffer.alloc(5 * MIB)
      await client.read(0, into)
      expect(into.equals(pattern(0, 5 * MIB))).toBe(true)
    }
    expect(await ended).toEqual([0, null])
  })

  it('reads a disk whose address is a relay to a fresh program for each connection', async () => {
    let programs = 0
    const open = async (stop: AbortSignal) => {
      programs += 1
      const program = spawn('nbdkit', ['-s', 'pattern', '5M'], { stdio: ['pipe', 'pipe', 'inherit'], signal: stop })
      program.on('error', () => {})
      return Duplex.from({ writable: program.stdin, readable: program.stdout })
    }
    await using relay = await relayStreams(open)
    for (const times of [1, 2]) {
      await using source = await openSource({ kind: 'nbd-unix', path: relay.path, exportName: '' })
      const into = Buffer.alloc(70_001)
      await source.read(4093, into)
      expect(into.equals(pattern(4093, 70_001))).toBe(true)
      expect(programs).toBe(times)
    }
  })

  it('loses a relay that ends, and gets nowhere where no stream opens', async () => {
    const relay = await relayStreams(async () => Promise.reject(new Error('no such host')))
    const address = { kind: 'nbd-unix', path: relay.path, exportName: '' } as const
    expect((await errorOf(openSource(address) as Promise<never>)).kind).toBe('disconnected')
    await relay[Symbol.asyncDispose]()
    expect((await errorOf(openSource(address) as Promise<never>)).kind).toBe('unreachable')
  })

  it('reads the same with simple replies', async () => {
    using server = nbdkit('--no-sr', 'pattern', '5M')
    await using client = await connectNbd(server, '')
    expect(client.contexts).toEqual([])
    const into = Buffer.alloc(5 * MIB)
    await client.read(0, into)
    expect(into.equals(pattern(0, 5 * MIB))).toBe(true)
  })

  it('keeps answers apart when hundreds of requests are under way and overtake each other', async () => {
    using server = nbdkit('--filter=delay', 'pattern', '16M', 'delay-read=3ms')
    await using client = await connectNbd(server, '')
    const reads = Array.from({ length: 300 }, async (_, index) => {
      const into = Buffer.alloc(1 + ((index * 7919) % 150_000))
      const offsetBytes = (index * 104_729) % (16 * MIB - into.length)
      await client.read(offsetBytes, into)
      return into.equals(pattern(offsetBytes, into.length))
    })
    expect((await Promise.all(reads)).every(Boolean)).toBe(true)
  })

  it('writes, zeroes, trims and flushes', async () => {
    using server = nbdkit('memory', '8M')
    await using client = await connectNbd(server, '')
    expect(client).toMatchObject({ sizeBytes: 8 * MIB, readOnly: false, canFlush: true, canTrim: true, canZero: true })
    const data = randomBytes(3 * MIB)
    await client.write(MIB, data, true)
    await client.zero(2 * MIB, 4096)
    await client.trim(6 * MIB, MIB)
    await client.flush()
    data.fill(0, MIB, MIB + 4096)
    const into = Buffer.alloc(8 * MIB)
    await client.read(0, into)
    expect(into.equals(Buffer.concat([Buffer.alloc(MIB), data, Buffer.alloc(4 * MIB)]))).toBe(true)
  })

  it('sees what is allocated', async () => {
    using server = nbdkit('data', '@0x100000 "some content" @0x500000 0', 'size=10M')
    await using source = await openSource({ kind: 'nbd-unix', path: server.path, exportName: '' })
    const extents = await source.extents(0, source.sizeBytes)
    expect(totalBytes(extents)).toBe(10 * MIB)
    const data = extents.filter(({ kind }) => kind === 'data')
    expect(data.some((e) => e.offsetBytes <= MIB && endOf(e) >= MIB + 12)).toBe(true)
    expect(totalBytes(data)).toBeLessThan(MIB)
    const part = await source.extents(MIB + 3, 5)
    expect(part).toEqual([{ offsetBytes: MIB + 3, lengthBytes: 5, kind: 'data' }])
  })

  it('maps a sparse disk of 10 TiB with few words', async () => {
    using server = nbdkit('null', '10T')
    await using source = await openSource({ kind: 'nbd-unix', path: server.path, exportName: '' })
    expect(await source.extents(0, source.sizeBytes)).toEqual([{ offsetBytes: 0, lengthBytes: 10 * 2 ** 40, kind: 'hole' }])
  })

  it('keeps to the block sizes that the server demands', async () => {
    const policy = [
      'blocksize-minimum=4096',
      'blocksize-preferred=65536',
      'blocksize-maximum=128K',
      'blocksize-error-policy=error',
    ]
    using server = nbdkit('--filter=blocksize-policy', 'pattern', '4M', ...policy)
    await using client = await connectNbd(server, '')
    expect(client.blockSizes).toEqual({ minimumBytes: 4096, preferredBytes: 65_536, maximumBytes: 131_072 })
    expect(await errorOf(client.read(1, Buffer.alloc(4096)))).toMatchObject({ kind: 'request' })

    await using source = await openSource({ kind: 'nbd-unix', path: server.path, exportName: '' })
    const into = Buffer.alloc(3 * MIB)
    await source.read(12_345, into)
    expect(into.equals(pattern(12_345, into.length))).toBe(true)
    expect(totalBytes(await source.extents(1, 5000))).toBe(5000)
  })

  it.each([
    ['EIO', true],
    ['ENOSPC', false],
    ['ESHUTDOWN', true],
  ] as const)('tells %s apart; worth repeating: %s', async (errno, transient) => {
    using server = nbdkit('--filter=error', 'memory', '1M', `error=${errno}`, 'error-pwrite-rate=100%')
    await using client = await connectNbd(server, '')
    expect(await errorOf(client.write(0, Buffer.alloc(512)))).toMatchObject({ kind: 'server', errno, transient })
    await client.read(0, Buffer.alloc(512))
  })

  it('gets through errors that come and go', async () => {
    using server = nbdkit('--filter=error', 'pattern', '8M', 'error=EIO', 'error-pread-rate=20%')
    const source = await openSource(
      { kind: 'nbd-unix', path: server.path, exportName: '' },
      { reconnect: { attempts: 40, delayMs: () => 0, sleep: async () => {} } },
    )
    await using _source = source
    const disk = memoryDisk(Buffer.alloc(8 * MIB))
    await copyBlocks(source, disk, await source.extents(0, source.sizeBytes), { chunkBytes: 65_536 })
    expect(disk.content.equals(pattern(0, 8 * MIB))).toBe(true)
  })

  it('lists exports', async () => {
    using server = nbdkit('--filter=exportname', 'null', '1M', 'exportname-list=explicit', 'exportname=one', 'exportname=two')
    expect(await listNbdExports(server)).toEqual(['one', 'two'])
  })

  it('is told that an export is unknown', async () => {
    using server = nbdkit('--filter=exportname', 'null', '1M', 'exportname-strict=true', 'exportname=one')
    expect(await errorOf(connectNbd(server, 'other'))).toMatchObject({ kind: 'exportUnknown', transient: false })
  })

  it('does not speak with a server without fixed newstyle', async () => {
    using server = nbdkit('--mask-handshake=0', 'null', '1M')
    expect(await errorOf(connectNbd(server, ''))).toMatchObject({ kind: 'protocol' })
  })

  it('copies a whole disk both ways', async () => {
    const content = sampleContent(12 * MIB + 512)
    using server = nbdkit('memory', String(content.length))
    const address = { kind: 'nbd-unix', path: server.path, exportName: '' } as const
    const original = memoryDisk(content)
    await using sink = await openSink(address)
    await copyBlocks(original, sink, await original.extents(0, content.length))
    await sink.flush()
    await using source = await openSource(address)
    const extents: readonly Extent[] = await source.extents(0, source.sizeBytes)
    const back = memoryDisk(Buffer.alloc(content.length))
    const { readBytes } = await copyBlocks(source, back, extents)
    expect(back.content.equals(content)).toBe(true)
    expect(readBytes).toBe(totalBytes(extents, 'data'))
  })
})

describe.skipIf(!hasNbdkit || !hasOpenssl)('against nbdkit with TLS', () => {
  let folder: Folder
  let certificates: Certificates
  beforeAll(() => {
    folder = temporaryFolder()
    certificates = createCertificates(folder.path)
  })
  afterAll(() => folder[Symbol.dispose]())
  const tlsServer = (...args: readonly string[]) => nbdkit('--tls=require', `--tls-certificates=${folder.path}`, ...args)

  it('reads through TLS, the authority given as PEM or as base64 DER', async () => {
    const server = await nbdkitOnTcp('--tls=require', `--tls-certificates=${folder.path}`, 'pattern', '6M')
    using _server = server
    const der = certificates.authority.replace(/-----[A-Z ]+-----|\s/g, '')
    for (const caCertificate of [certificates.authority, der]) {
      const address = { kind: 'nbd', host: '127.0.0.1', port: server.port, exportName: '', tls: { caCertificate } } as const
      await using source = await openSource(address)
      const into = Buffer.alloc(6 * MIB)
      await source.read(0, into)
      expect(into.equals(pattern(0, into.length))).toBe(true)
    }
  })

  it('refuses a server whose name is another', async () => {
    using server = tlsServer('null', '1M')
    const tls = { caCertificate: certificates.authority, serverName: 'other.example' }
    expect(await errorOf(connectNbd(server, '', { tls }))).toMatchObject({ kind: 'tlsFailed', transient: false })
    await using client = await connectNbd(server, '', { tls: { ...tls, serverName: 'localhost' } })
    expect(client.sizeBytes).toBe(MIB)
  })

  it('refuses a server that another authority vouches for', async () => {
    using other = temporaryFolder()
    using server = tlsServer('null', '1M')
    const { authority } = createCertificates(other.path)
    const tls = { caCertificate: authority, serverName: 'localhost' }
    expect(await errorOf(connectNbd(server, '', { tls }))).toMatchObject({ kind: 'tlsFailed' })
  })

  it('accepts a server that shows the very certificate it was told, whatever its name, and no other', async () => {
    using server = tlsServer('null', '1M')
    const pinned = { caCertificate: certificates.server.certificate, serverName: 'by.pin.only' }
    await using client = await connectNbd(server, '', { tls: pinned })
    expect(client.sizeBytes).toBe(MIB)
    using other = temporaryFolder()
    const { certificate } = createSelfSigned(other.path, 'localhost')
    expect(await errorOf(connectNbd(server, '', { tls: { caCertificate: certificate, serverName: 'localhost' } }))).toMatchObject(
      {
        kind: 'tlsFailed',
      },
    )
  })

  it('does not fall back to plain words when the server wants TLS, or has none', async () => {
    using strict = tlsServer('null', '1M')
    expect(await errorOf(connectNbd(strict, ''))).toMatchObject({ kind: 'tlsRequired' })
    using plain = nbdkit('null', '1M')
    const tls = { caCertificate: certificates.authority, serverName: 'localhost' }
    expect(await errorOf(connectNbd(plain, '', { tls }))).toMatchObject({ kind: 'tlsUnavailable' })
  })

  it('shows its own certificate to a server that asks', async () => {
    using server = tlsServer('--tls-verify-peer', 'null', '1M')
    const tls = { caCertificate: certificates.authority, serverName: 'localhost' }
    const { certificate, key } = certificates.client
    await using client = await connectNbd(server, '', {
      tls: { ...tls, clientCertificate: certificate, clientKey: key.reveal() },
    })
    expect(client.sizeBytes).toBe(MIB)
    expect(['tlsFailed', 'disconnected']).toContain((await errorOf(connectNbd(server, '', { tls }))).kind)
  })
})

describe.skipIf(!hasQemu)('against qemu-nbd', () => {
  let folder: Folder
  let image: string
  beforeAll(async () => {
    folder = temporaryFolder()
    image = join(folder.path, 'disk.qcow2')
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', image, '64M'])
    await run('qemu-io', ['-c', 'write -P 1 1M 1M', '-c', 'write -z 4M 1M', image])
    await run('qemu-img', ['bitmap', '--add', image, 'since'])
    await run('qemu-io', ['-c', 'write -P 2 8M 1M', image])
  })
  afterAll(() => folder[Symbol.dispose]())

  it('reads a qcow2 image and its map', async () => {
    using server = qemuNbd('-r', '-x', 'disk', '-f', 'qcow2', image)
    await using source = await openSource({ kind: 'nbd-unix', path: server.path, exportName: 'disk' })
    const extents = await source.extents(0, source.sizeBytes)
    expect(extents.filter(({ kind }) => kind === 'data')).toEqual([
      { offsetBytes: MIB, lengthBytes: MIB, kind: 'data' },
      { offsetBytes: 8 * MIB, lengthBytes: MIB, kind: 'data' },
    ])
    expect(totalBytes(extents)).toBe(64 * MIB)
    const into = Buffer.alloc(3 * MIB)
    await source.read(0, into)
    expect(into.equals(Buffer.concat([Buffer.alloc(MIB), Buffer.alloc(MIB, 1), Buffer.alloc(MIB)]))).toBe(true)
  })

  it('learns from a dirty bitmap what is unchanged', async () => {
    using server = qemuNbd('-r', '-x', 'disk', '-f', 'qcow2', '-B', 'since', image)
    const address = { kind: 'nbd-unix', path: server.path, exportName: 'disk' } as const
    await using source = await openSource(address, { dirtyBitmap: 'since' })
    expect(await source.extents(0, source.sizeBytes)).toEqual([
      { offsetBytes: 0, lengthBytes: 8 * MIB, kind: 'unchanged' },
      { offsetBytes: 8 * MIB, lengthBytes: MIB, kind: 'data' },
      { offsetBytes: 9 * MIB, lengthBytes: 55 * MIB, kind: 'unchanged' },
    ])
  })

  it('P8: a dirty bitmap that is not there never means that nothing changed', async () => {
    using server = qemuNbd('-r', '-x', 'disk', '-f', 'qcow2', image)
    const address = { kind: 'nbd-unix', path: server.path, exportName: 'disk' } as const
    expect(await errorOf(openSource(address, { dirtyBitmap: 'since' }))).toMatchObject({ kind: 'refused', transient: false })
  })

  it('restores into a qcow2 image that QEMU finds identical', async () => {
    const content = sampleContent(16 * MIB)
    const raw = join(folder.path, 'wanted.raw')
    const target = join(folder.path, 'target.qcow2')
    writeFileSync(raw, content)
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', target, '16M'])
    {
      using server = qemuNbd('-f', 'qcow2', target)
      await using source = await openSource({ kind: 'file', path: raw })
      await using sink = await openSink({ kind: 'nbd-unix', path: server.path, exportName: '' })
      await copyBlocks(source, sink, await source.extents(0, source.sizeBytes))
      await sink.flush()
    }
    expect((await run('qemu-img', ['compare', '-U', raw, target])).stdout).toContain('identical')
  })

  it.skipIf(!hasOpenssl)('reads through TLS', async () => {
    const { authority } = createCertificates(folder.path)
    const credentials = `tls-creds-x509,id=tls0,endpoint=server,dir=${folder.path},verify-peer=no`
    const server = await qemuNbdOnTcp('--object', credentials, '--tls-creds', 'tls0', '-r', '-x', 'disk', '-f', 'qcow2', image)
    using _server = server
    const tls = { caCertificate: authority }
    await using source = await openSource({ kind: 'nbd', host: 'localhost', port: server.port, exportName: 'disk', tls })
    const into = Buffer.alloc(MIB)
    await source.read(8 * MIB, into)
    expect(into.equals(Buffer.alloc(MIB, 2))).toBe(true)
  })
})
