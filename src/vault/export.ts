// Serves restore points over NBD, read-only: `<point>/<disk>` and `<vm>/latest/<disk>`. So any NBD client can look into a backup.
import { type BlockSource, type NbdExport, type NbdServer, type NbdServerOptions, serveNbd } from '../blocks/index.ts'
import { VaultError } from './codes.ts'
import type { RestorePoint } from './points.ts'
import type { Vault } from './vault.ts'

/** Listens until disposed of; holds the vault's shared lock while a disk is in use. */
export async function exportVault(vault: Vault, options: Pick<NbdServerOptions, 'listen' | 'tls'>): Promise<NbdServer> {
  const open = new Map<string, Promise<BlockSource>>()

  async function resolve(name: string): Promise<NbdExport | undefined> {
    const found = await findExport(vault, name)
    if (!found) return undefined
    const key = `${found.point.id}/${found.disk}`
    const known = open.get(key)
    const source = known ?? vault.openDisk(found.point.id, found.disk)
    open.set(key, source)
    source.catch(() => open.delete(key))
    return { ...(await source), readOnly: true }
  }

  const server = await serveNbd({ ...options, resolve, list: () => listExports(vault) })
  return {
    port: server.port,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      const sources = await Promise.allSettled(open.values())
      for (const source of sources) if (source.status === 'fulfilled') await source.value[Symbol.asyncDispose]()
    },
  }
}

async function findExport(
  vault: Vault,
  name: string,
): Promise<{ readonly point: RestorePoint; readonly disk: string } | undefined> {
  const [, wanted = '', disk = ''] = /^(.+)\/([^/]+)$/.exec(name) ?? []
  const vm = /^(.+)\/latest$/.exec(wanted)?.[1]
  try {
    const point = vm === undefined ? await vault.point(wanted) : await vault.point('latest', vm, 'disks')
    return point.disks.some((one) => one.disk === disk) ? { point, disk } : undefined
  } catch (error) {
    if (error instanceof VaultError && (error.code === 'POINT_UNKNOWN' || error.code === 'POINT_AMBIGUOUS')) return undefined
    throw error
  }
}

async function listExports(vault: Vault): Promise<readonly string[]> {
  const names: string[] = []
  const seen = new Set<string>()
  for (const { id, vm } of await vault.points({ kind: 'disks' })) {
    const { disks } = await vault.point(id)
    if (!seen.has(vm)) names.push(...disks.map(({ disk }) => `${vm}/latest/${disk}`))
    seen.add(vm)
    names.push(...disks.map(({ disk }) => `${id}/${disk}`))
  }
  return names
}
