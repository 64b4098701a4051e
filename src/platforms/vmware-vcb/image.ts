// An exported VM: a folder with the disks as flat files and the texts beside them. Read for a backup, laid out for a restore.
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isObject, type JsonObject } from '../../values/index.ts'
import { failureOf } from './failures.ts'
import type { VcbProxy } from './proxy.ts'
import { disksIn, flatExtentIn, machineOf, parseSettings, withSettings } from './vmx.ts'

/** Larger files that belong to no disk are something else, such as a core dump. */
const MAX_TEXT_BYTES = 4 * 2 ** 20

interface ImageFile extends JsonObject {
  readonly name: string
  readonly base64: string
}
interface ImageDisk extends JsonObject {
  readonly disk: string
  readonly sizeBytes: number
  /** Of the file that holds its bytes. */
  readonly file: string
}

/** Every disk in full: an exported image does not say what changed. */
export async function readImage(proxy: VcbProxy, folder: string): Promise<JsonObject> {
  const here = proxy.seen(folder)
  const names = (await readdir(here)).toSorted()
  const vmx = names.find((name) => name.endsWith('.vmx'))
  if (vmx === undefined) throw failureOf('imageUnusable', `${proxy.at(folder)} holds no .vmx file`)
  const settings = parseSettings(await readFile(join(here, vmx), 'utf8'))
  const disks: ImageDisk[] = []
  for (const { disk, file } of disksIn(settings)) {
    const extent = names.includes(file) ? flatExtentIn(await readFile(join(here, file), 'utf8')) : undefined
    if (!extent || !names.includes(extent.file)) {
      throw failureOf('imageUnusable', `${file} of ${disk} is not exported as one flat file`)
    }
    disks.push({ disk, sizeBytes: extent.sizeBytes, file: extent.file })
  }
  if (disks.length === 0) throw failureOf('imageUnusable', `${vmx} names no disk`)
  return {
    sources: disks.map(({ disk, sizeBytes, file }) => ({ disk, sizeBytes, address: { kind: 'file', path: join(here, file) } })),
    maps: disks.map(({ disk, sizeBytes }) => ({
      disk,
      extents: [{ offsetBytes: 0, lengthBytes: sizeBytes, kind: 'data' }],
    })),
    config: { files: [...(await textsIn(here, names, disks))], disks },
    machine: machineOf(settings),
  }
}

async function textsIn(here: string, names: readonly string[], disks: readonly ImageDisk[]): Promise<readonly ImageFile[]> {
  const texts: ImageFile[] = []
  for (const name of names) {
    if (disks.some(({ file }) => file === name) || name === 'unmount.dat') continue
    const { size } = await stat(join(here, name))
    if (size > MAX_TEXT_BYTES) continue
    texts.push({ name, base64: (await readFile(join(here, name))).toString('base64') })
  }
  return texts
}

// ---- restore ----------------------------------------------------------------------------------------------------

export async function createFolder(proxy: VcbProxy, folder: string): Promise<JsonObject> {
  await mkdir(proxy.seen(folder), { recursive: true, mode: 0o700 })
  return { folder }
}

export async function findFolder(proxy: VcbProxy, folder: string): Promise<JsonObject> {
  const found = await stat(proxy.seen(folder)).catch(() => undefined)
  return found?.isDirectory() ? { found: true, folder } : { found: false }
}

/** Whatever made them. */
export async function listFolders(proxy: VcbProxy): Promise<JsonObject> {
  const entries = await readdir(proxy.seen(), { withFileTypes: true })
  return { folders: entries.filter((entry) => entry.isDirectory()).map(({ name }) => ({ folder: name })) }
}

export async function removeFolder(proxy: VcbProxy, folder: string): Promise<JsonObject> {
  await rm(proxy.seen(folder), { recursive: true, force: true })
  return {}
}

/** The texts as they were, but for the VM's new name in the catalog, and an empty file for each disk. */
export async function layOut(proxy: VcbProxy, folder: string, config: JsonObject, name: string): Promise<JsonObject> {
  const { files, disks } = imageIn(config)
  for (const { name: file, base64 } of files) {
    const bytes = Buffer.from(base64, 'base64')
    const content = file === 'catalog' ? withSettings(bytes.toString('utf8'), { display_name: name }) : bytes
    await writeFile(proxy.seen(folder, file), content, { mode: 0o600 })
  }
  const targets: JsonObject[] = []
  for (const { disk, sizeBytes, file } of disks) {
    const path = proxy.seen(folder, file)
    await using opened = await open(path, 'w', 0o600)
    await opened.truncate(sizeBytes)
    targets.push({ disk, sizeBytes, address: { kind: 'file', path } })
  }
  return { targets }
}

function imageIn({ files, disks }: JsonObject): { files: readonly ImageFile[]; disks: readonly ImageDisk[] } {
  const isFile = (each: unknown): each is ImageFile =>
    isObject(each) && typeof each.name === 'string' && typeof each.base64 === 'string'
  const isDisk = (each: unknown): each is ImageDisk =>
    isObject(each) && typeof each.disk === 'string' && typeof each.file === 'string' && typeof each.sizeBytes === 'number'
  if (!Array.isArray(files) || !files.every(isFile) || !Array.isArray(disks) || !disks.every(isDisk)) {
    throw failureOf('imageUnusable', 'the restore point holds no image of Consolidated Backup')
  }
  return { files, disks }
}

/** Repeating it makes the same VM again: it has its name from the run, and what bears it is overwritten. */
export async function restoreImage(proxy: VcbProxy, folder: string): Promise<JsonObject> {
  await proxy.change('vcbRestore', ['-s', proxy.at(folder), '-b', 'overwrite'])
  return {}
}
