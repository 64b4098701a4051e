// Exports: the disks of a snapshot over NBD, on a unix socket beside the scratch files, or over TCP to readers with a certificate.
import { access as accessible, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Json, JsonObject } from '../../values/index.ts'
import type { Call } from './call.ts'
import { drivesOf, objectsOf } from './drives.ts'
import { failure, gone, halfMade } from './failures.ts'
import { MonitorFailed } from './monitor.ts'
import { certificatesId, deltaOf, exportId, nodesOf, portIn, socketPath } from './names.ts'

const CONNECTIONS = 16
/** What QEMU has asked of a disk for a reader ends at once where the storage answers. */
const LETS_GO_MS = 15_000
const POLL_MS = 10

export async function createExport(call: Call): Promise<JsonObject> {
  const { input, monitor, change } = call
  const { name, disks } = input as unknown as { readonly name: string; readonly disks: readonly { readonly disk: string }[] }
  const { drives, nodes } = await drivesOf(monitor)
  const halves = disks.filter(({ disk }) => !nodes.has(nodesOf(name, disk).access))
  if (halves.length > 0) throw halfMade(`no snapshot of ${halves.map(({ disk }) => disk).join(', ')}`)
  const place = await startServer(call, name)
  for (const { disk } of disks) {
    const drive = drives.find((each) => each.disk === disk)
    const hasDelta = drive?.bitmaps.some((bitmap) => bitmap.name === deltaOf(name)) === true
    await change('block-export-add', {
      type: 'nbd',
      id: exportId(name, disk),
      'node-name': nodesOf(name, disk).access,
      name: disk,
      writable: false,
      ...(drive && hasDelta ? { bitmaps: [{ node: drive.node, name: deltaOf(name) }] } : {}),
    })
  }
  return { name, ...place }
}

/** Answers where readers find it. */
async function startServer({ change, scratchDirectory, nbd }: Call, name: string): Promise<JsonObject> {
  const options = { 'max-connections': CONNECTIONS }
  if (!nbd) {
    const path = socketPath(scratchDirectory, name)
    await change('nbd-server-start', { addr: { type: 'unix', data: { path } }, ...options }).catch(asTaken)
    return { socket: path }
  }
  const port = nbd.port ?? (await freePort(nbd.host))
  const id = certificatesId(name, port)
  await change('object-add', {
    'qom-type': 'tls-creds-x509',
    id,
    endpoint: 'server',
    dir: nbd.serverCertificates,
    'verify-peer': true,
  })
  const addr = { type: 'inet', data: { host: nbd.host, port: String(port) } }
  try {
    await change('nbd-server-start', { addr, 'tls-creds': id, ...options })
  } catch (error) {
    await change('object-del', { id })
    asTaken(error, `no port ${port} of ${nbd.host}: `)
  }
  return tcpPlace(nbd, port)
}

const tcpPlace = ({ host, certificates }: NonNullable<Call['nbd']>, port: number): JsonObject => ({ host, port, certificates })

function asTaken(error: unknown, before = ''): never {
  if (!(error instanceof MonitorFailed) || !/already running|Failed to find an available port/.test(error.message)) throw error
  throw failure({ type: 'serverTaken', message: before + error.message, retryable: true, applied: 'no' })
}

/** QEMU can be told to take any, but does not tell which it took. */
const freePort = (host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject).listen(0, host, () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => resolve(port))
    })
  })

export async function findExport(call: Call): Promise<JsonObject> {
  const name = String(call.input.name)
  const { ours, socket, hasSocket, certificates } = await remains(call, name)
  const port = certificates.map(portIn)[0]
  const place = call.nbd && port !== undefined ? tcpPlace(call.nbd, port) : { socket }
  return { found: ours.length > 0 || hasSocket || certificates.length > 0, name, ...place }
}

/** QEMU has one server for all exports: it is stopped when ours were the only ones. */
export async function deleteExport(call: Call): Promise<JsonObject> {
  const { change } = call
  const name = String(call.input.name)
  const { ours, ending, others, socket, hasSocket, certificates } = await remains(call, name)
  if (ours.length === 0 && !hasSocket && certificates.length === 0) throw gone(`export of ${name}`)
  for (const id of ours.filter((each) => !ending.has(each))) await change('block-export-del', { id, mode: 'hard' })
  await untilGone(call, name)
  if (others === 0 && (hasSocket || certificates.length > 0))
    await change('nbd-server-stop').catch((error: unknown) => {
      if (!(error instanceof MonitorFailed) || !/not running/.test(error.message)) throw error
    })
  for (const id of certificates) await change('object-del', { id })
  await rm(socket, { force: true })
  return {}
}

async function untilGone(call: Call, name: string): Promise<void> {
  const { clock, signal } = call.context
  const latest = clock.now() + LETS_GO_MS
  for (;;) {
    const { ours } = await remains(call, name)
    if (ours.length === 0) return
    if (clock.now() >= latest) throw storageSilent(ours)
    await clock.sleep(POLL_MS, signal)
  }
}

const storageSilent = (exports: readonly string[]) =>
  failure({
    type: 'storageSilent',
    message: `${exports.join(', ')} stays until what was asked of the storage is answered`,
    retryable: true,
    applied: 'maybe',
  })

async function remains({ monitor, scratchDirectory, nbd }: Call, name: string) {
  const exports = objectsOf(await monitor.ask('query-block-exports'))
  const ids = exports.map(({ id }) => String(id))
  const ours = ids.filter((id) => id.startsWith(exportId(name, '')))
  const ending = new Set(exports.flatMap(({ id, 'shutting-down': isEnding }) => (isEnding === true ? [String(id)] : [])))
  const objects: Json = nbd ? await monitor.ask('qom-list', { path: '/objects' }) : []
  const certificates = objectsOf(objects)
    .map((object) => String(object.name))
    .filter((id) => id.startsWith(certificatesId(name)))
  const socket = socketPath(scratchDirectory, name)
  const hasSocket = await accessible(socket).then(
    () => true,
    () => false,
  )
  return { ours, ending, others: ids.length - ours.length, socket, hasSocket, certificates }
}
