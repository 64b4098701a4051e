// Disks of a real QEMU, read over TCP and mutual TLS.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createCertificates } from '../../blocks/certificates.ts'
import { peer } from '../../peers/peer.ts'
import { leftIn, openDesk, whileWriting } from './desk.ts'
import { type Fate, meddle } from './meddling.ts'

const hasPeers = [
  peer('qemu-system-x86_64', 'qemu-system-x86'),
  peer('qemu-img', 'qemu-utils'),
  peer('setpriv', 'util-linux'),
  peer('openssl', 'openssl'),
].every(Boolean)

/** A folder of certificates from an authority of its own. */
function certificatesIn(folder: string, name: string): string {
  const at = join(folder, name)
  mkdirSync(at)
  return createCertificates(at).directory
}

/** A server's folder, and the one of a reader, made by whoever knows both authorities. */
const openWith = (readerOf: (ours: string, others: string, folder: string) => string) =>
  openDesk(17, (folder) => {
    const [ours, others] = ['pki', 'other-pki'].map((name) => certificatesIn(folder, name)) as [string, string]
    return { serverCertificates: ours, certificates: readerOf(ours, others, folder) }
  })

describe.runIf(hasPeers)('a QEMU that serves disks with certificates', () => {
  test('P11: is backed up full and incremental; no key is in journal or log, and no certificate is left in QEMU', {
    timeout: 900_000,
  }, async () => {
    await using desk = await openWith((ours) => ours)
    for (const level of ['full', 'incremental']) {
      for (let count = 0; count < 10; count += 1) await desk.machine.write()
      const { exitCode, outputs, printed } = await whileWriting(desk, desk.run('qemu/vm-backup', 'quiesce=false'))
      expect(exitCode, printed).toBe(0)
      expect(outputs).toMatchObject({ level })
      expect(desk.machine.momentOf(await desk.restored(String(outputs.pointId)))).toBeGreaterThan(0)
      expect(await leftIn(desk)).toEqual([])
      expect(printed).not.toContain('PRIVATE KEY')
    }
    expect(filesWith(desk.folder, 'PRIVATE KEY')).toEqual([])
  })

  test.each([
    { who: 'a server of another authority', readerOf: (_: string, others: string) => others },
    {
      who: 'a reader of another authority',
      readerOf: (ours: string, others: string, folder: string) => {
        const mixed = join(folder, 'mixed-pki')
        cpSync(others, mixed, { recursive: true })
        cpSync(join(ours, 'ca-cert.pem'), join(mixed, 'ca-cert.pem'))
        return mixed
      },
    },
    {
      who: 'a reader without a certificate',
      readerOf: (ours: string, _: string, folder: string) => {
        const bare = join(folder, 'bare-pki')
        mkdirSync(bare)
        cpSync(join(ours, 'ca-cert.pem'), join(bare, 'ca-cert.pem'))
        return bare
      },
    },
  ])('refuses $who, and nothing is left', { timeout: 900_000 }, async ({ readerOf }) => {
    await using desk = await openWith(readerOf)
    const { exitCode, printed } = await desk.run('qemu/vm-backup', 'quiesce=false')
    expect(exitCode).not.toBe(0)
    expect(printed).toContain('"type":"snapshotBroken"')
    expect(await leftIn(desk)).toEqual([])
    expect(await desk.machine.ask('query-status')).toMatchObject({ status: 'running' })
  })
})

describe.runIf(hasPeers)('a QEMU whose own certificate', () => {
  test.each([
    { what: 'is no longer valid', days: '-1', names: 'IP:127.0.0.1', says: 'expired' },
    { what: 'is for another host', days: '2', names: 'DNS:other.example,IP:192.0.2.7', says: 'does not match certificate' },
  ])('$what is not read from, and nothing is left; with a right one it is', { timeout: 900_000 }, async ({ says, ...wrong }) => {
    let pki = ''
    await using desk = await openWith((ours) => {
      pki = ours
      certifyAnew(ours, wrong)
      return ours
    })
    const { exitCode, printed } = await desk.run('qemu/vm-backup', 'quiesce=false')
    expect(exitCode).not.toBe(0)
    expect(printed).toContain(says)
    expect(await leftIn(desk)).toEqual([])
    expect(await desk.machine.ask('query-status')).toMatchObject({ status: 'running' })

    certifyAnew(pki, { days: '2', names: 'IP:127.0.0.1' })
    const right = await desk.run('qemu/vm-backup', 'quiesce=false')
    expect(right.exitCode, right.printed).toBe(0)
  })
})

describe.runIf(hasPeers)('a QEMU whose port for NBD another program has', () => {
  test('is told so, and is backed up as soon as the port is free', { timeout: 900_000 }, async () => {
    const other = createServer()
    await once(other.listen(0, '127.0.0.1'), 'listening')
    const { port } = other.address() as AddressInfo
    await using desk = await openDesk(89, (folder) => {
      const certificates = certificatesIn(folder, 'pki')
      return { serverCertificates: certificates, certificates, nbdPort: port, monitor: join(folder, 'meddled.qmp') }
    })
    let starts = 0
    using _ = await meddle(join(desk.folder, 'meddled.qmp'), desk.machine.monitorPath, async (command): Promise<Fate> => {
      if (command === 'nbd-server-start') starts += 1
      if (command === 'nbd-server-start' && starts === 2) await once(other.close(), 'close')
      return 'passes'
    })
    await desk.machine.write()
    const { exitCode, outputs, printed } = await desk.run('qemu/vm-backup', 'quiesce=false')
    expect(exitCode, printed).toBe(0)
    expect(printed).toContain('"type":"serverTaken"')
    expect(printed).toContain(`no port ${port} of 127.0.0.1`)
    expect(starts).toBe(2)
    expect(desk.machine.momentOf(await desk.restored(String(outputs.pointId)))).toBe(desk.machine.writes.length)
    expect(await leftIn(desk)).toEqual([])
  })
})

/** Another certificate for QEMU, of the same authority, for these names. */
function certifyAnew(pki: string, { days, names }: { readonly days: string; readonly names: string }): void {
  const at = (name: string) => join(pki, name)
  writeFileSync(at('server.ext'), `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`)
  const authority = ['-CA', at('ca-cert.pem'), '-CAkey', at('ca-key.pem'), '-CAcreateserial', '-extfile', at('server.ext')]
  const made = ['-days', days, '-in', at('server.csr'), '-out', at('server-cert.pem')]
  execFileSync('openssl', ['x509', '-req', ...made, ...authority], { stdio: 'ignore' })
}

/** Below the folder, certificates apart. */
function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/pki/.test(entry.parentPath))
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => readFileSync(file).includes(text))
}
