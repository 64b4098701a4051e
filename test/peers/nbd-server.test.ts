// Our NBD server against clients that others wrote.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  connectNbd,
  type Extent,
  type NbdError,
  type NbdServer,
  type NbdServerOptions,
  openSource,
  serveNbd,
} from '../../src/blocks/index.ts'
import { type Certificates, createCertificates } from '../blocks/certificates.ts'
import { type MemoryDisk, memoryDisk, sampleContent } from '../blocks/memory-disk.ts'
import { type Folder, nbdkit, run, temporaryFolder } from './nbd-peers.ts'
import { peer } from './peer.ts'

const hasLibnbd = peer('nbdinfo', 'libnbd-bin') && peer('nbdcopy', 'libnbd-bin')
const hasQemu = peer('qemu-img', 'qemu-utils')
const hasNbdkit = peer('nbdkit', 'nbdkit')
const hasOpenssl = peer('openssl', 'openssl')
const MIB = 2 ** 20
const SIZE = 24 * MIB + 512

let folder: Folder
let disk: MemoryDisk
const servers: NbdServer[] = []

beforeEach(() => {
  folder = temporaryFolder()
  disk = memoryDisk(sampleContent(SIZE))
})
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

async function serve(options: Partial<NbdServerOptions> = {}): Promise<NbdServer> {
  const server = await serveNbd({
    listen: { host: '127.0.0.1', port: 0 },
    resolve: async (name) => (name === 'disk' ? disk : undefined),
    list: async () => ['disk'],
    ...options,
  })
  servers.push(server)
  return server
}

describe.skipIf(!hasLibnbd)('libnbd', () => {
  it('lists and describes the export', async () => {
    const { port } = await serve()
    const { stdout } = await run('nbdinfo', ['--list', '--json', `nbd://127.0.0.1:${port}`])
    expect(JSON.parse(stdout)).toMatchObject({
      protocol: 'newstyle-fixed',
      TLS: false,
      structured: true,
      exports: [
        {
          'export-name': 'disk',
          'export-size': SIZE,
          contexts: ['base:allocation'],
          is_read_only: false,
          can_multi_conn: true,
          can_flush: true,
          can_fua: true,
          can_zero: true,
          can_trim: true,
          can_df: true,
        },
      ],
    })
  })

  it('sees a read-only export as such', async () => {
    const { port } = await serve({ resolve: async () => ({ ...disk, readOnly: true }) })
    const { stdout } = await run('nbdinfo', ['--json', `nbd://127.0.0.1:${port}/any`])
    expect(JSON.parse(stdout)).toMatchObject({ exports: [{ is_read_only: true, can_zero: false, can_flush: false }] })
  })

  it('is told that an export is unknown', async () => {
    const { port } = await serve()
    await expect(run('nbdinfo', [`nbd://127.0.0.1:${port}/other`])).rejects.toThrow(/other|unknown|No such/)
  })

  it('maps data and holes as they are', async () => {
    const { port } = await serve()
    const { stdout } = await run('nbdinfo', ['--map', '--json', `nbd://127.0.0.1:${port}/disk`])
    const map: { offset: number; length: number; type: number }[] = JSON.parse(stdout)
    const found = map.map(({ offset, length, type }) => ({
      offsetBytes: offset,
      lengthBytes: length,
      kind: type === 0 ? 'data' : type === 3 ? 'hole' : '?',
    }))
    expect(found).toEqual(await disk.extents(0, SIZE))
  })

  it('is told what changed, as QEMU tells it, beside what holds data', async () => {
    const changed: Extent[] = [
      { offsetBytes: 0, lengthBytes: MIB, kind: 'unchanged' },
      { offsetBytes: MIB, lengthBytes: 65_536, kind: 'data' },
      { offsetBytes: MIB + 65_536, lengthBytes: SIZE - MIB - 65_536, kind: 'unchanged' },
    ]
    const { port } = await serve({
      resolve: async () => ({ ...disk, readOnly: true, dirtyBitmaps: { since: async () => changed } }),
    })
    const uri = `nbd://127.0.0.1:${port}/disk`
    const { stdout: described } = await run('nbdinfo', ['--json', uri])
    expect(JSON.parse(described)).toMatchObject({ exports: [{ contexts: ['base:allocation', 'qemu:dirty-bitmap:since'] }] })
    const { stdout } = await run('nbdinfo', ['--map=qemu:dirty-bitmap:since', '--json', uri])
    expect(JSON.parse(stdout)).toMatchObject([
      { offset: 0, length: MIB, type: 0 },
      { offset: MIB, length: 65_536, type: 1 },
      { offset: MIB + 65_536, type: 0 },
    ])
    await using source = await openSource(
      { kind: 'nbd', host: '127.0.0.1', port, exportName: 'disk' },
      { dirtyBitmap: 'since', reconnect: false },
    )
    const ours = await source.extents(0, SIZE)
    expect(ours.filter(({ kind }) => kind === 'unchanged')).toEqual([changed[0], changed[2]])
  })

  it('copies it out over TCP, on several connections', async () => {
    const { port } = await serve()
    const out = join(folder.path, 'out.raw')
    await run('nbdcopy', ['--connections=4', '--request-size=262144', `nbd://127.0.0.1:${port}/disk`, out])
    expect(readFileSync(out).equals(disk.content)).toBe(true)
  })

  it('copies into it over a unix socket, with writes, zeroes and a flush', async () => {
    const wanted = sampleContent(SIZE, 7)
    const path = join(folder.path, 'nbd.sock')
    await serve({ listen: { path } })
    const input = join(folder.path, 'in.raw')
    writeFileSync(input, wanted)
    await run('nbdcopy', ['--flush', input, `nbd+unix:///disk?socket=${path}`])
    expect(disk.content.equals(wanted)).toBe(true)
    expect(disk.flushes).toBeGreaterThan(0)
  })
})

describe.skipIf(!hasQemu)('qemu-img', () => {
  it('finds the export identical to its content, and converts it', async () => {
    const { port } = await serve()
    const wanted = join(folder.path, 'wanted.raw')
    const image = join(folder.path, 'image.qcow2')
    writeFileSync(wanted, disk.content)
    const url = `nbd://127.0.0.1:${port}/disk`
    expect((await run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', url, wanted])).stdout).toContain('identical')
    await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', url, image])
    expect((await run('qemu-img', ['compare', image, wanted])).stdout).toContain('identical')
  })

  it('converts into it', async () => {
    const wanted = sampleContent(SIZE, 3)
    const input = join(folder.path, 'in.raw')
    writeFileSync(input, wanted)
    const { port } = await serve()
    await run('qemu-img', ['convert', '-n', '-f', 'raw', '-O', 'raw', input, `nbd://127.0.0.1:${port}/disk`])
    expect(disk.content.equals(wanted)).toBe(true)
  })
})

describe.skipIf(!hasNbdkit)('nbdkit as a client', () => {
  it('stands between our client and our server without a difference', async () => {
    const path = join(folder.path, 'ours.sock')
    await serve({ listen: { path } })
    using between = nbdkit('nbd', `socket=${path}`, 'export=disk')
    await using client = await connectNbd(between, '')
    const into = Buffer.alloc(SIZE)
    await client.read(0, into)
    expect(into.equals(disk.content)).toBe(true)
    await client.write(512, Buffer.from('through and through'), true)
    expect(disk.content.toString('latin1', 512, 531)).toBe('through and through')
  })
})

describe.skipIf(!hasOpenssl)('TLS', () => {
  let certificateFolder: Folder
  let certificates: Certificates
  beforeAll(() => {
    certificateFolder = temporaryFolder()
    certificates = createCertificates(certificateFolder.path)
  })
  afterAll(() => certificateFolder[Symbol.dispose]())

  it.skipIf(!hasLibnbd)('satisfies libnbd, which refuses us under another name', async () => {
    const { port } = await serve({ tls: certificates.server })
    const out = join(folder.path, 'out.raw')
    const parameters = `tls-certificates=${certificateFolder.path}`
    await run('nbdcopy', [`nbds://localhost:${port}/disk?${parameters}`, out])
    expect(readFileSync(out).equals(disk.content)).toBe(true)
    await expect(run('nbdcopy', [`nbd://localhost:${port}/disk`, 'null:'])).rejects.toThrow()
  })

  it.skipIf(!hasQemu)('satisfies qemu-img', async () => {
    const { port } = await serve({ tls: certificates.server })
    const wanted = join(folder.path, 'wanted.raw')
    writeFileSync(wanted, disk.content)
    const { stdout } = await run('qemu-img', [
      'compare',
      '--object',
      `tls-creds-x509,id=tls0,dir=${certificateFolder.path},endpoint=client`,
      '--image-opts',
      `driver=nbd,host=localhost,port=${port},export=disk,tls-creds=tls0`,
      `driver=raw,file.driver=file,file.filename=${wanted}`,
    ])
    expect(stdout).toContain('identical')
  })

  it('is demanded from clients of ours, and asks them for certificates where it should', async () => {
    const { port } = await serve({ tls: { ...certificates.server, clientAuthority: certificates.authority } })
    const endpoint = { host: '127.0.0.1', port }
    const kindOf = (error: NbdError) => error.kind
    const tls = { caCertificate: certificates.authority }
    expect(await connectNbd(endpoint, 'disk').catch(kindOf)).toBe('tlsRequired')
    expect(['tlsFailed', 'disconnected']).toContain(await connectNbd(endpoint, 'disk', { tls }).catch(kindOf))
    const { certificate, key } = certificates.client
    await using client = await connectNbd(endpoint, 'disk', {
      tls: { ...tls, clientCertificate: certificate, clientKey: key.reveal() },
    })
    const into = Buffer.alloc(SIZE)
    await client.read(0, into)
    expect(into.equals(disk.content)).toBe(true)
  })
})
