// `holdfast vault export`: the disks of a point over NBD, read-only, so that qemu-img, nbdcopy and mount can read them.
import { serveNbd } from '../../blocks/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { openNamedVault, type VaultOptions } from '../vault-access.ts'

interface Options extends VaultOptions {
  readonly port: number
}

const HOST = '127.0.0.1'

export const run: RunCommand<[vault: string, point: string], Options> = async (host, options, directory, wanted) => {
  await using vault = await openNamedVault(host, directory, options)
  const point = await vault.point(wanted)
  const names = point.disks.map(({ disk }) => disk)
  await using sources = new AsyncDisposableStack()
  const exports = new Map<string, Awaited<ReturnType<typeof vault.openDisk>>>()
  for (const name of names) exports.set(name, sources.use(await vault.openDisk(point.id, name)))

  const interrupted = new Promise<void>((resolve) => {
    host.onInterrupt(resolve)
  })
  await using server = await serveNbd({
    listen: { host: HOST, port: options.port },
    resolve: async (name) => {
      const source = exports.get(name) ?? (name === '' && names.length === 1 ? exports.get(names[0] ?? '') : undefined)
      return source && { ...source, readOnly: true }
    },
    list: async () => names,
  })
  for (const name of names) host.stdout.write(`nbd://${HOST}:${server.port}/${name}\n`)
  host.stdout.write('read-only; Ctrl-C ends it\n')
  await interrupted
  return EXIT.done
}
