// Snapshots made available on the proxy: exported as an image, or mounted volume by volume.
import { readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonObject } from '../../values/index.ts'
import { commandFailed, failureOf, said } from './failures.ts'
import type { VcbProxy } from './proxy.ts'

export type Form = 'fullvm' | 'file'

/** In every folder that vcbMounter made: by this the proxy, and a look-up, know whose it is. */
const MARK = 'unmount.dat'

/** Folder of the mount root, as the vendor's page names them. */
export const folderOf = (name: string, form: Form): string => (form === 'fullvm' ? `${name}-fullVM` : name)

export async function mountSnapshot(
  proxy: VcbProxy,
  { name, snapshotId, form }: { readonly name: string; readonly snapshotId: string; readonly form: Form },
): Promise<JsonObject> {
  const folder = folderOf(name, form)
  if (await isThere(proxy.seen(folder))) {
    throw failureOf('leftOver', `${proxy.at(folder)} is there already: another backup runs, or one left it behind`)
  }
  const shape = form === 'fullvm' ? ['-M', '1', '-F', '1'] : []
  const args = ['-a', `ssid:${snapshotId}`, '-r', proxy.at(folder), '-t', form, '-m', proxy.transport, ...shape]
  const ended = await proxy.attempt('vcbMounter', args)
  if (ended.exitCode !== 0 && /not .*windows/i.test(said(ended))) {
    throw failureOf('notWindows', `only volumes of Windows guests can be mounted: ${said(ended).trim()}`)
  }
  if (ended.exitCode !== 0) throw commandFailed('vcbMounter', ended, 'maybe')
  return { folder, unprotected: unprotectedIn(said(ended)), whole: true }
}

/** Volumes that the proxy cannot see, as it tells. */
const unprotectedIn = (text: string): readonly string[] =>
  [...text.matchAll(/^.*?(volume \S+).*\bno drive letter\b.*$/gim)].map(([, volume = '']) => volume.toLowerCase())

/**
 * Whether the folder is there and shows this snapshot: then it must be let go. Whether it is whole, and what could not be seen, is
 * told once, by the command that made it; that may be at work still.
 */
export async function findMount(
  proxy: VcbProxy,
  { name, snapshotId, form }: { readonly name: string; readonly snapshotId: string; readonly form: Form },
): Promise<JsonObject> {
  const folder = folderOf(name, form)
  const mark = await readFile(proxy.seen(folder, MARK), 'utf8').catch(() => '')
  if (!mark.split(/\s+/).includes(`ssid:${snapshotId}`)) return { found: false }
  return { found: true, folder, unprotected: [], whole: false }
}

export async function unmount(proxy: VcbProxy, folder: string): Promise<JsonObject> {
  const ended = await proxy.attempt('vcbMounter', ['-U', proxy.at(folder)])
  if (ended.exitCode === 0) return {}
  if (!(await isThere(proxy.seen(folder)))) throw failureOf('notFound', `${proxy.at(folder)} is not there any more`)
  throw commandFailed('vcbMounter', ended, 'maybe')
}

/** Those of the VM that vcbMounter made and nobody unmounted. */
export async function listMounts(proxy: VcbProxy, name: string): Promise<readonly string[]> {
  const folders = (['fullvm', 'file'] as const).map((form) => folderOf(name, form))
  const there = await Promise.all(folders.map((folder) => isThere(proxy.seen(folder, MARK))))
  return folders.filter((_, index) => there[index])
}

/** A folder for each drive letter, and where it is: a junction is no folder itself. */
export async function readVolumes(proxy: VcbProxy, folder: string): Promise<readonly JsonObject[]> {
  const letters = proxy.seen(folder, 'letters')
  const names = (await readdir(letters)).toSorted()
  return Promise.all(names.map(async (letter) => ({ name: `letters/${letter}`, path: await realpath(join(letters, letter)) })))
}

const isThere = (path: string): Promise<boolean> =>
  readFile(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'EISDIR',
  )
