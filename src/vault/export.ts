// Serves restore points over NBD: `<point>/<disk>` and `<vm>/latest/<disk>`. So any NBD client can look into a backup, or a VM be booted from it.
// What clients write goes to scratch files that end with the server; the vault is only read.
import {
  type BlockSource,
  type NbdExport,
  type NbdServer,
  type NbdServerOptions,
  type OverlayOptions,
  openOverlay,
  serveNbd,
} from '../blocks/index.ts'
import { VaultError } from './codes.ts'
import type { Vault } from './model.ts'
import type { RestorePoint } from './points/index.ts'

export interface ExportVaultOptions extends Pick<NbdServerOptions, 'listen' | 'tls'> {
  /** Ids of the only points that are served; otherwise all are, and `latest` of each VM. */
  readonly points?: readonly string[]
  /** Lets clients write. All that use one disk of a point share what they wrote, until the server is disposed of. */
  readonly copyOnWrite?: OverlayOptions
}

/** Listens until disposed of; holds the vault's shared lock from the first client on until the last has gone, or, where clients write, to the end. */
export async function exportVault(vault: Vault, { points, copyOnWrite, ...options }: ExportVaultOptions): Promise<NbdServer> {
  const open = new Map<string, Promise<Opened>>()
  const found = new Map<string, Promise<Found | undefined>>()

  /** Whoever writes means one point: what `latest` was first it stays. */
  function find(name: string): Promise<Found | undefined> {
    const known = copyOnWrite ? found.get(name) : undefined
    const finding = known ?? findExport(vault, name, points)
    if (copyOnWrite && !known) {
      found.set(name, finding)
      const forget = () => found.delete(name)
      finding.then((one) => one ?? forget(), forget)
    }
    return finding
  }

  async function resolve(name: string): Promise<NbdExport | undefined> {
    const one = await find(name)
    if (!one) return undefined
    const key = `${one.point.id}/${one.disk}`
    const opened = open.get(key) ?? openDisk(vault, one, copyOnWrite)
    open.set(key, opened)
    opened.catch(() => open.delete(key))
    return (await opened).disk
  }

  let closing = Promise.resolve()
  function closeDisks(): void {
    const disks = [...open.values()]
    open.clear()
    closing = Promise.all([closing, closeAll(disks)]).then(() => {})
    // Told to whoever disposes of the server.
    closing.catch(() => {})
  }

  // What clients wrote is there for them until the server ends.
  const onIdle = copyOnWrite ? {} : { onIdle: closeDisks }
  const server = await serveNbd({ ...options, ...onIdle, resolve, list: () => listExports(vault, points) })
  return {
    port: server.port,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      closeDisks()
      await closing
    },
  }
}

async function closeAll(disks: readonly Promise<Opened>[]): Promise<void> {
  for (const opened of await Promise.allSettled(disks))
    if (opened.status === 'fulfilled') await opened.value[Symbol.asyncDispose]()
}

interface Found {
  readonly point: RestorePoint
  readonly disk: string
}

interface Opened extends AsyncDisposable {
  readonly disk: NbdExport
}

async function openDisk(vault: Vault, { point, disk }: Found, copyOnWrite: OverlayOptions | undefined): Promise<Opened> {
  const stack = new AsyncDisposableStack()
  try {
    const source: BlockSource = stack.use(await vault.openDisk(point.id, disk))
    const served = copyOnWrite ? stack.use(await openOverlay(source, copyOnWrite)) : source
    return { disk: { ...served, readOnly: !copyOnWrite }, [Symbol.asyncDispose]: () => stack.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function findExport(vault: Vault, name: string, points: readonly string[] | undefined): Promise<Found | undefined> {
  const [, wanted = '', disk = ''] = /^(.+)\/([^/]+)$/.exec(name) ?? []
  const vm = /^(.+)\/latest$/.exec(wanted)?.[1]
  try {
    const point = vm === undefined ? await vault.point(wanted) : await vault.point('latest', vm, 'disks')
    if (points && !points.includes(point.id)) return undefined
    return point.disks.some((one) => one.disk === disk) ? { point, disk } : undefined
  } catch (error) {
    if (error instanceof VaultError && (error.code === 'POINT_UNKNOWN' || error.code === 'POINT_AMBIGUOUS')) return undefined
    throw error
  }
}

async function listExports(vault: Vault, points: readonly string[] | undefined): Promise<readonly string[]> {
  const names: string[] = []
  const seen = new Set<string>()
  for (const { id, vm } of await vault.points({ kind: 'disks' })) {
    if (points && !points.includes(id)) continue
    const { disks } = await vault.point(id)
    if (!points && !seen.has(vm)) names.push(...disks.map(({ disk }) => `${vm}/latest/${disk}`))
    seen.add(vm)
    names.push(...disks.map(({ disk }) => `${id}/${disk}`))
  }
  return names
}
