// Images of VMs in a folder of this machine: `<folder>/<vm>-fullVM` with the configuration and a raw file for each disk, sparse where
// the disk holds nothing. A folder belongs to the run that made it, which is written in it: no other is ever removed.
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { type Extent, fillExtents } from '../../blocks/index.ts'
import type { TargetRef } from '../../language/index.ts'
import { type ActionContext, ActionFailure, type Connection, type Handlers } from '../../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../../values/index.ts'
import { grainsIn, StreamBroken } from './stream-vmdk.ts'

export const imageHandlers: Handlers = {
  'vmware-vsphere/export.known': async ({ leaseId }) => ({ found: leaseId !== undefined }),
  'vmware-vsphere/image.begin': (input, context) => begin(input as unknown as BeginInput, context),
  'vmware-vsphere/image.download': (input, context) => download(input as unknown as DownloadInput, context),
  'vmware-vsphere/image.remove': (input, context) => remove(input as unknown as InFolder, context),
}

export interface InFolder {
  readonly vc: TargetRef
  readonly name: string
}

interface BeginInput extends InFolder {
  readonly config: JsonObject
}

interface Disk {
  readonly disk: string
  readonly sizeBytes: number
}

interface File {
  readonly key: string
  readonly url: string
}

interface DownloadInput extends InFolder {
  readonly files: readonly File[]
  readonly disks: readonly Disk[]
  readonly config: JsonObject
}

/** Whose the folder is. */
const OWNER = 'run.txt'

export function folderOf({ vc, name }: InFolder, context: ActionContext): string {
  const { imageFolder } = context.connection(vc).settings
  if (typeof imageFolder !== 'string') throw stagingUnusable(new Error('imageFolder of the target is missing'))
  return join(imageFolder, name)
}

/** A folder that is not whole, yet or any more, is named for the run: whatever a crash leaves can be told to be its. */
const ownNameOf = (folder: string, { runId }: ActionContext): string => `${folder}.${runId}`

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

const ownerOf = (folder: string): Promise<string | undefined> => readFile(join(folder, OWNER), 'utf8').catch(() => undefined)

async function begin({ config, ...at }: BeginInput, context: ActionContext): Promise<JsonObject> {
  const folder = folderOf(at, context)
  try {
    if ((await ownerOf(folder)) === context.runId) return { folder }
    if (await isThere(folder)) throw folderTaken(folder)
    const own = ownNameOf(folder, context)
    await mkdir(own, { recursive: true, mode: 0o700 })
    await writeFile(join(own, OWNER), context.runId, { mode: 0o600 })
    await writeFile(join(own, 'config.json'), JSON.stringify(config, undefined, 2), { mode: 0o600 })
    await rename(own, folder)
  } catch (error) {
    throw error instanceof ActionFailure ? error : stagingUnusable(error)
  }
  return { folder }
}

async function remove(at: InFolder, context: ActionContext): Promise<JsonObject> {
  const folder = folderOf(at, context)
  const own = ownNameOf(folder, context)
  context.assertOwner()
  // What a crash left under the run's own name goes first, for the folder takes that name as it goes.
  await rm(own, { recursive: true, force: true })
  if ((await ownerOf(folder)) !== context.runId) return {}
  await rename(folder, own)
  await rm(own, { recursive: true, force: true })
  return {}
}

// ---- downloading --------------------------------------------------------------------------------------------------

async function download({ files, disks, config, ...at }: DownloadInput, context: ActionContext): Promise<JsonObject> {
  const connection = context.connection(at.vc)
  const folder = folderOf(at, context)
  const made: { disk: string; sizeBytes: number; path: string; extents: readonly Extent[] }[] = []
  let bytesDownloaded = 0
  for (const { disk, sizeBytes } of disks) {
    const file = fileOf(disk, disks, files, config)
    const path = join(folder, `${disk}.raw`)
    context.assertOwner()
    const stream = await responseOf(addressOf(file, connection), connection, context)
    const counted = counting(stream, (bytes) => {
      bytesDownloaded += bytes
    })
    const extents = await store(counted, path, sizeBytes, (doneBytes) =>
      context.progress({ doneBytes, totalBytes: sizeBytes, label: `${at.name} ${disk}` }),
    ).catch((error: unknown) => {
      context.signal.throwIfAborted()
      throw downloadFailed(disk, error)
    })
    made.push({ disk, sizeBytes, path, extents })
  }
  return {
    sources: made.map(({ disk, sizeBytes, path }) => ({ disk, sizeBytes, address: { kind: 'file', path } })),
    maps: made.map(({ disk, extents }) => ({ disk, extents })) as unknown as Json,
    bytesDownloaded,
  }
}

/** `/vm-21/ParaVirtualSCSIController0:1` names controller, its bus and the unit; other forms are taken in the order of the disks. */
function fileOf(disk: string, disks: readonly Disk[], files: readonly File[], config: JsonObject): File {
  const hardware = isObject(config.hardware) ? config.hardware : {}
  const devices = Array.isArray(hardware.device) ? hardware.device.filter(isObject) : []
  const device = devices.find(({ key }) => String(key) === disk)
  const controller = devices.find(({ key }) => key === device?.controllerKey)
  const place = `${String(controller?._typeName)}${String(controller?.busNumber)}:${String(device?.unitNumber)}`
  const named = files.find(({ key }) => key.endsWith(`/${place}`))
  const inOrder = files.every(({ key }) => /\/disk:\d+$/.test(key))
    ? files[disks.findIndex((each) => each.disk === disk)]
    : undefined
  const file = named ?? inOrder
  if (!file) throw filesUnexpected(`no file of the lease is that of disk ${disk}`)
  return file
}

/** A host of `*` is the server itself. Source: VI JSON, HttpNfcLeaseDeviceUrl. */
export function addressOf({ url }: { readonly url: string }, { settings }: Connection): URL {
  return new URL(url.replace(/^(https?:\/\/)\*/, `$1${new URL(String(settings.url)).hostname}`))
}

async function responseOf(url: URL, { settings }: Connection, { signal }: ActionContext): Promise<IncomingMessage> {
  const ca = typeof settings.caCertificate === 'string' ? { ca: settings.caCertificate } : {}
  const { get } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  return new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage): void => {
      if (response.statusCode === 200) return resolve(response)
      response.destroy()
      reject(downloadFailed(url.pathname, new Error(`status ${response.statusCode}`)))
    }
    const request = get(url, { ...ca, signal }, answered)
    request.on('error', (error) => reject(signal.aborted ? signal.reason : downloadFailed(url.pathname, error)))
  })
}

async function* counting(stream: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    count(chunk.length)
    yield chunk
  }
}

/** What the stream holds of the disk; all else of the file is a hole. */
async function store(
  stream: AsyncIterable<Uint8Array>,
  path: string,
  sizeBytes: number,
  progress: (doneBytes: number) => void,
): Promise<readonly Extent[]> {
  const held: Extent[] = []
  await using file = await open(path, 'w', 0o600)
  await file.truncate(sizeBytes)
  for await (const { offsetBytes, data } of grainsIn(stream, sizeBytes)) {
    for (let done = 0; done < data.length; ) {
      const { bytesWritten } = await file.write(data, done, data.length - done, offsetBytes + done)
      done += bytesWritten
    }
    held.push({ offsetBytes, lengthBytes: data.length, kind: 'data' })
    progress(offsetBytes + data.length)
  }
  await file.datasync()
  return fillExtents(held, sizeBytes, 'hole')
}

// ---- failures -----------------------------------------------------------------------------------------------------

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const folderTaken = (folder: string): ActionFailure =>
  new ActionFailure({ type: 'folderTaken', message: `${folder} is there already`, retryable: false, applied: 'no' })

export const stagingUnusable = (cause: unknown): ActionFailure =>
  new ActionFailure({ type: 'stagingUnusable', message: messageOf(cause), retryable: false, applied: 'maybe' }, { cause })

const filesUnexpected = (message: string): ActionFailure =>
  new ActionFailure({ type: 'filesUnexpected', message, retryable: false, applied: 'no' })

function downloadFailed(what: string, cause: unknown): ActionFailure {
  if (isSystemError(cause) && cause.syscall !== undefined && ['ENOSPC', 'EACCES', 'EROFS', 'ENOENT'].includes(cause.code ?? '')) {
    return stagingUnusable(cause)
  }
  const why = cause instanceof StreamBroken ? `the stream of ${what} is broken: ` : `${what}: `
  const message = `${why}${messageOf(cause)}`
  return new ActionFailure({ type: 'downloadFailed', message, retryable: true, applied: 'no' }, { cause })
}

export const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'code' in error
