// `holdfast vault export`: restore points over NBD, so that qemu-img, nbdcopy and guests can use them at once. What is written never reaches the vault.
import { access, constants } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { NbdServer, SocketEndpoint } from '../../blocks/index.ts'
import { printable } from '../../values/index.ts'
import { disksMissing, type ExportVaultOptions, exportVault, type RestorePoint, type Vault } from '../../vault/index.ts'
import { exportAddressUnfit, fileUnreadable } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { Refusal } from '../refusal.ts'
import { openNamedVault, readTlsFolder, type VaultOptions } from '../vaults/index.ts'

interface Options extends VaultOptions {
  readonly port: number
  readonly listen: string
  readonly socket?: string
  readonly tls?: string
  readonly copyOnWrite?: boolean
  readonly scratch?: string
}

export const run: RunCommand<[vault: string, points: readonly string[]], Options> = async (host, options, directory, wanted) => {
  const inFolder = (path: string): string => resolve(host.workingDirectory, path)
  const { socket, tls, copyOnWrite = false, scratch = tmpdir() } = options
  if (socket === undefined && tls === undefined && !isThisHost(options.listen))
    throw new Refusal([exportAddressUnfit(options.listen, 'all who reach it could read the disks')])
  const listen = socket === undefined ? { host: options.listen, port: options.port } : { path: inFolder(socket) }
  if (copyOnWrite) await assertWritable(inFolder(scratch))
  const certificates = tls === undefined ? {} : { tls: await readTlsFolder(inFolder(tls)) }

  await using vault = await openNamedVault(host, directory, options)
  const points = await pointsOf(vault, wanted)
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>()
  const stopListening = host.onInterrupt(() => interrupt())
  try {
    await using server = await serve(vault, {
      listen,
      ...certificates,
      ...(wanted.length > 0 ? { points: points.map(({ id }) => id) } : {}),
      ...(copyOnWrite ? { copyOnWrite: { scratchFolder: inFolder(scratch) } } : {}),
    })
    for (const { id, vm, disks } of points)
      for (const { disk } of disks)
        host.stdout.write(`${urlOf(listen, server.port, tls !== undefined, `${id}/${disk}`)}  ${printable(vm)}\n`)
    host.stdout.write(`${copyOnWrite ? 'what is written ends with it, the vault is only read' : 'read-only'}; Ctrl-C ends it\n`)
    await interrupted
    return EXIT.done
  } finally {
    stopListening()
  }
}

const isThisHost = (address: string): boolean => address === 'localhost' || address === '::1' || /^127(\.\d+){3}$/.test(address)

/** Before anybody is served: a scratch that cannot be made would end each client's connection without a word. */
async function assertWritable(folder: string): Promise<void> {
  try {
    await access(`${folder}/.`, constants.W_OK)
  } catch (error) {
    throw new Refusal([fileUnreadable(folder, (error as NodeJS.ErrnoException).code ?? String(error))])
  }
}

async function pointsOf(vault: Vault, wanted: readonly string[]): Promise<readonly RestorePoint[]> {
  const ids = wanted.length > 0 ? wanted : (await vault.points({ kind: 'disks' })).map(({ id }) => id)
  const points: RestorePoint[] = []
  for (const id of ids) {
    const point = await vault.point(id)
    if (point.kind === 'files') throw disksMissing(point.id)
    points.push(point)
  }
  return points
}

async function serve(vault: Vault, options: ExportVaultOptions): Promise<NbdServer> {
  try {
    return await exportVault(vault, options)
  } catch (error) {
    const { code, syscall = '' } = error as NodeJS.ErrnoException
    if (!['listen', 'bind', 'getaddrinfo', 'chmod'].includes(syscall)) throw error
    const { listen } = options
    if (!('path' in listen)) throw new Refusal([exportAddressUnfit(`${listen.host}:${listen.port}`, code ?? String(error))])
    // The system says of a socket in a folder that is not there that it may not be made.
    const isPlaceless = await access(dirname(listen.path)).then(
      () => false,
      () => true,
    )
    throw new Refusal([exportAddressUnfit(listen.path, isPlaceless ? 'its folder is not there' : (code ?? String(error)))])
  }
}

/** Source: NetworkBlockDevice/nbd, doc/uri.md. */
function urlOf(listen: SocketEndpoint, port: number, secured: boolean, name: string): string {
  const scheme = secured ? 'nbds' : 'nbd'
  const path = name.split('/').map(encodeURIComponent).join('/')
  if ('path' in listen) return `${scheme}+unix:///${path}?socket=${encodeURI(listen.path)}`
  return `${scheme}://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${port}/${path}`
}
