// `holdfast vault export`: restore points over NBD, read-only, so that qemu-img, nbdcopy and mount can look into them.
import { exportVault } from '../../vault/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { openNamedVault, type VaultOptions } from '../vault-access.ts'

interface Options extends VaultOptions {
  readonly port: number
}

const HOST = '127.0.0.1'

export const run: RunCommand<[vault: string, point: string | undefined], Options> = async (host, options, directory, wanted) => {
  await using vault = await openNamedVault(host, directory, options)
  const points = wanted === undefined ? await vault.points() : [await vault.point(wanted)]
  const interrupted = new Promise<void>((resolve) => {
    host.onInterrupt(resolve)
  })
  await using server = await exportVault(vault, { listen: { host: HOST, port: options.port } })
  for (const { id } of points) {
    const { vm, disks } = await vault.point(id)
    for (const { disk } of disks) host.stdout.write(`nbd://${HOST}:${server.port}/${id}/${disk}  ${vm}\n`)
  }
  host.stdout.write('read-only; Ctrl-C ends it\n')
  await interrupted
  return EXIT.done
}
