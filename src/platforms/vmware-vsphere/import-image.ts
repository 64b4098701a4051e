// The disks of a restore point on their way into a new VM: raw files in a folder of this machine, which the vault writes; stream-optimised
// VMDKs beside them; and their upload over the addresses of an import lease. The folder is made and removed as that of an export is.
import { createReadStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isZero } from '../../blocks/index.ts'
import { type ActionContext, ActionFailure, type Connection, type Handlers } from '../../packs/index.ts'
import type { Json, JsonObject } from '../../values/index.ts'
import { addressOf, folderOf, type InFolder, isSystemError, messageOf, stagingUnusable } from './image.ts'
import { type GrainSource, streamVmdk } from './write-stream-vmdk.ts'

export const importImageHandlers: Handlers = {
  'vmware-vsphere/image.disks': (input, context) => makeDisks(input as unknown as DisksInput, context),
  'vmware-vsphere/image.compress': (input, context) => compress(input as unknown as DisksInput, context),
  'vmware-vsphere/import.upload': (input, context) => upload(input as unknown as UploadInput, context),
}

interface DisksInput extends InFolder {
  readonly disks: readonly { readonly disk: string; readonly sizeBytes: number }[]
}

interface UploadInput extends InFolder {
  /** Of the folder, by the server's name for the device. */
  readonly items: readonly { readonly deviceId: string; readonly file: string }[]
  /** Of the lease. */
  readonly devices: readonly { readonly importKey: string; readonly url: string }[]
}

/** Anew, whatever an earlier attempt has left. */
async function makeDisks({ disks, ...at }: DisksInput, context: ActionContext): Promise<JsonObject> {
  const folder = folderOf(at, context)
  const made: { disk: string; sizeBytes: number; address: Json }[] = []
  for (const { disk, sizeBytes } of disks) {
    const path = join(folder, `${disk}.raw`)
    try {
      await using file = await open(path, 'w', 0o600)
      await file.truncate(sizeBytes)
    } catch (error) {
      throw stagingUnusable(error)
    }
    made.push({ disk, sizeBytes, address: { kind: 'file', path } })
  }
  return { targets: made }
}

async function compress({ disks, ...at }: DisksInput, context: ActionContext): Promise<JsonObject> {
  const folder = folderOf(at, context)
  const made: { disk: string; sizeBytes: number; file: string; fileBytes: number }[] = []
  for (const { disk, sizeBytes } of disks) {
    const file = `${disk}.vmdk`
    try {
      await writeVmdk(join(folder, `${disk}.raw`), join(folder, file), sizeBytes, (doneBytes) => {
        context.signal.throwIfAborted()
        context.progress({ doneBytes, totalBytes: sizeBytes, label: `${disk} compressed` })
      })
      made.push({ disk, sizeBytes, file, fileBytes: (await stat(join(folder, file))).size })
      // Its room is needed by the next one.
      await rm(join(folder, `${disk}.raw`))
    } catch (error) {
      context.signal.throwIfAborted()
      throw stagingUnusable(error)
    }
  }
  return { files: made }
}

/** What is there already was written whole: by an attempt that died after it. */
async function writeVmdk(from: string, to: string, sizeBytes: number, progress: (doneBytes: number) => void): Promise<void> {
  const raw = await open(from, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!raw) return void (await stat(to))
  try {
    const source: GrainSource = {
      sizeBytes,
      grain: async (offsetBytes, lengthBytes) => {
        progress(offsetBytes)
        const { buffer, bytesRead } = await raw.read(Buffer.alloc(lengthBytes), 0, lengthBytes, offsetBytes)
        if (bytesRead < lengthBytes) throw new Error(`${from} ends at byte ${offsetBytes + bytesRead}`)
        return isZero(buffer) ? undefined : buffer
      },
    }
    await using file = await open(`${to}.part`, 'w', 0o600)
    await file.writeFile(streamVmdk(source))
    await file.datasync()
  } finally {
    await raw.close()
  }
  await rename(`${to}.part`, to)
}

// ---- uploading ----------------------------------------------------------------------------------------------------

async function upload({ items, devices, ...at }: UploadInput, context: ActionContext): Promise<JsonObject> {
  const connection = context.connection(at.vc)
  const folder = folderOf(at, context)
  let bytesUploaded = 0
  for (const { deviceId, file } of items) {
    const device = devices.find(({ importKey }) => importKey === deviceId)
    if (!device) throw filesUnexpected(`the lease has no place for ${file}`)
    const path = join(folder, file)
    const { size } = await stat(path).catch((error: unknown) => {
      throw stagingUnusable(error)
    })
    context.assertOwner()
    await send(path, size, addressOf(device, connection), connection, context, (doneBytes) =>
      context.progress({ doneBytes, totalBytes: size, label: file }),
    ).catch((error: unknown) => {
      context.signal.throwIfAborted()
      throw isSystemError(error) && ['ENOENT', 'EACCES'].includes(error.code ?? '')
        ? stagingUnusable(error)
        : uploadFailed(file, error)
    })
    bytesUploaded += size
  }
  return { bytesUploaded }
}

/** Source: README.md, "Import". The length is known before, so nothing relies on a server that takes chunks. */
async function send(
  path: string,
  sizeBytes: number,
  url: URL,
  { settings }: Connection,
  { signal }: ActionContext,
  progress: (doneBytes: number) => void,
): Promise<void> {
  const ca = typeof settings.caCertificate === 'string' ? { ca: settings.caCertificate } : {}
  const options = {
    method: 'POST',
    signal,
    headers: { 'content-type': 'application/x-vnd.vmware-streamVmdk', 'content-length': sizeBytes },
  }
  const { request: open } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  const request = open(url, { ...options, ...ca })
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve)
    request.on('error', reject)
  })
  // Whichever is told first: a server may refuse before it has read everything.
  const [{ statusCode = 0 }] = await Promise.all([
    answered,
    Promise.race([pipeline(createReadStream(path), counting(progress), request), answered]),
  ])
  request.destroy()
  if (statusCode >= 300) throw new Error(`status ${statusCode}`)
}

const counting = (progress: (doneBytes: number) => void) =>
  async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let doneBytes = 0
    for await (const chunk of chunks) {
      doneBytes += chunk.length
      progress(doneBytes)
      yield chunk
    }
  }

const uploadFailed = (what: string, cause: unknown): ActionFailure =>
  new ActionFailure(
    { type: 'uploadFailed', message: `${what}: ${messageOf(cause)}`, retryable: true, applied: 'maybe' },
    { cause },
  )

const filesUnexpected = (message: string): ActionFailure =>
  new ActionFailure({ type: 'filesUnexpected', message, retryable: false, applied: 'no' })
