// NBD: our client beside nbdcopy, and our server beside nbdkit. To null it reads as a backup does, in threads; to a file it copies in one.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type DiskAddress, openSource, serveNbd } from '../../src/blocks/index.ts'
import { createCertificates } from '../../test/blocks/certificates.ts'
import { nbdkit, nbdkitOnTcp } from '../../test/peers/nbd-peers.ts'
import type { Ground, Row } from './contest.ts'
import { createImage } from './image.ts'
import { timeProgram, timeScript } from './measure.ts'

export const nbdGround: Ground = async (folder, sizeBytes, scripts) => {
  const copyScript = join(scripts, 'copy-nbd.js')
  const readScript = join(scripts, 'read-nbd.js')
  const image = join(folder, 'disk.raw')
  const out = join(folder, 'out.raw')
  await createImage(image, sizeBytes)
  const { authority } = createCertificates(folder)
  const stack = new AsyncDisposableStack()
  const unix = stack.use(nbdkit('-r', 'file', image))
  const tcp = stack.use(await nbdkitOnTcp('-r', 'file', image))
  const tls = stack.use(await nbdkitOnTcp('-r', '--tls=require', `--tls-certificates=${folder}`, 'file', image))
  const source = stack.use(await openSource({ kind: 'nbd-unix', path: unix.path, exportName: '' }))
  const exported = join(folder, 'ours.sock')
  const disk = { ...source, readOnly: true }
  stack.use(await serveNbd({ listen: { path: exported }, resolve: async () => disk }))

  const host = 'localhost'
  const unixUrl = `nbd+unix:///?socket=${unix.path}`
  const tlsUrl = `nbds://localhost:${tls.port}/?tls-certificates=${folder}`
  const unixAddress: DiskAddress = { kind: 'nbd-unix', path: unix.path, exportName: '' }
  const tlsAddress: DiskAddress = { kind: 'nbd', host, port: tls.port, exportName: '', tls: { caCertificate: authority } }
  const rows: Row[] = [
    toNull(readScript, 'NBD unix → null', unixAddress, unixUrl, 0.8),
    toNull(
      readScript,
      'NBD TCP → null',
      { kind: 'nbd', host, port: tcp.port, exportName: '' },
      `nbd://localhost:${tcp.port}`,
      0.95,
    ),
    toNull(readScript, 'NBD TLS → null', tlsAddress, tlsUrl, 0.9),
    {
      title: 'NBD unix → raw file',
      ours: { name: 'holdfast', run: afterRemoving(out, () => timeScript(copyScript, JSON.stringify(unixAddress), out)) },
      peers: [{ name: 'nbdcopy', goal: 0.6, run: afterRemoving(out, () => timeProgram('nbdcopy', [unixUrl, out])) }],
    },
    {
      title: 'our NBD server in front of nbdkit, nbdcopy → null',
      ours: { name: 'holdfast', run: () => timeProgram('nbdcopy', [`nbd+unix:///?socket=${exported}`, 'null:']) },
      peers: [{ name: 'nbdkit alone', goal: 0.3, run: () => timeProgram('nbdcopy', [unixUrl, 'null:']) }],
    },
  ]
  return { rows, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const toNull = (script: string, title: string, address: DiskAddress, url: string, goal: number): Row => ({
  title,
  ours: { name: 'holdfast', run: () => timeScript(script, JSON.stringify(address)) },
  peers: [{ name: 'nbdcopy', goal, run: () => timeProgram('nbdcopy', [url, 'null:']) }],
})

const afterRemoving =
  <T>(path: string, run: () => Promise<T>) =>
  async (): Promise<T> => {
    await rm(path, { force: true })
    return run()
  }
