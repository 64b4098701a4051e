// What `--to` of a restore names: a folder, a block device, or an NBD export. It opens none of them.
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { DiskAddress } from '../../blocks/index.ts'
import { restoreTargetUnfit } from '../codes.ts'
import { Refusal } from '../refusal.ts'

/** Undefined for a folder, there or not. Throws Refusal for what can be none of these. */
export async function findTarget(workingDirectory: string, to: string): Promise<DiskAddress | undefined> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(to)) return nbdAddress(to, workingDirectory)
  const path = resolve(workingDirectory, to)
  const about = await stat(path).catch(() => undefined)
  if (about?.isBlockDevice()) return { kind: 'file', path }
  if (about && !about.isDirectory()) throw unfit(to, 'it is neither a folder nor a block device')
  return undefined
}

const NBD_PORT = 10_809

/** Source: NetworkBlockDevice/nbd, doc/uri.md. */
function nbdAddress(to: string, workingDirectory: string): DiskAddress {
  const url = URL.canParse(to) ? new URL(to) : undefined
  const exportName = decodeURIComponent(url?.pathname.replace(/^\//, '') ?? '')
  const { hostname = '', port = '', searchParams } = url ?? {}
  switch (url?.protocol) {
    case 'nbd:':
    case 'nbds:': {
      const host = decodeURIComponent(hostname).replace(/^\[(.*)\]$/, '$1')
      const address = { kind: 'nbd', host, port: Number(port || NBD_PORT), exportName } as const
      if (url.protocol === 'nbd:') return address
      const folder = searchParams?.get('tls-certificates')
      if (!folder) throw unfit(to, 'it does not say where certificates are: add ?tls-certificates=FOLDER')
      return { ...address, tls: { folder: resolve(workingDirectory, folder) } }
    }
    case 'nbd+unix:': {
      const path = searchParams?.get('socket')
      if (!path) throw unfit(to, 'it names no socket')
      return { kind: 'nbd-unix', path: resolve(workingDirectory, path), exportName }
    }
    default:
      throw unfit(to, 'an address is nbd://HOST/EXPORT, nbds://HOST/EXPORT or nbd+unix:///EXPORT?socket=PATH')
  }
}

const unfit = (to: string, reason: string): Refusal => new Refusal([restoreTargetUnfit(to, reason)])
