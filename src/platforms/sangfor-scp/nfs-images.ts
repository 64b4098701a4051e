// Files in a folder that HCI hosts mount by NFS: where a quick restore puts the disks of a restore point, and what goes again after it.
import { chmod, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TargetRef } from '../../language/index.ts'
import { type ActionContext, ActionFailure, type Handlers } from '../../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../../values/index.ts'

export const nfsImageHandlers: Handlers = {
  'sangfor-scp/nfsImages.create': (input, context) => create(input as unknown as CreateInput, context),
  'sangfor-scp/nfsImages.delete': async (input, context) => {
    const { cloud, folder } = input as unknown as FolderInput
    await rm(join(nfsOf(cloud, context).directory, folder), { recursive: true, force: true })
    return {}
  },
}

interface FolderInput {
  readonly cloud: TargetRef
  /** A plain name, by its schema. */
  readonly folder: string
}

interface CreateInput extends FolderInput {
  readonly disks: readonly { readonly disk: string; readonly sizeBytes: number }[]
}

async function create({ cloud, folder, disks }: CreateInput, context: ActionContext): Promise<JsonObject> {
  const { directory, address, exportPath } = nfsOf(cloud, context)
  const made = disks.map(({ disk, sizeBytes }) => {
    const file = `${disk.replace(/[^A-Za-z0-9_-]/g, '_')}.raw`
    return { disk, sizeBytes, file, path: join(directory, folder, file) }
  })
  try {
    await mkdir(join(directory, folder), { recursive: true })
    await chmod(join(directory, folder), 0o755)
    for (const { path, sizeBytes } of made) await makeSparse(path, sizeBytes)
  } catch (error) {
    throw nfsUnusable(error instanceof Error ? error.message : String(error))
  }
  return {
    targets: made.map(({ disk, sizeBytes, path }) => ({ disk, sizeBytes, address: { kind: 'file', path } })) as unknown as Json,
    files: made.map(({ disk, file }) => ({ disk, path: `${folder}/${file}` })),
    address,
    exportPath,
  }
}

/** Anew, whatever an earlier attempt has left. Hosts read it as nobody in particular: the export decides who may. */
async function makeSparse(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'w', 0o644)
  try {
    await file.truncate(sizeBytes)
  } finally {
    await file.close()
  }
}

function nfsOf(cloud: TargetRef, context: ActionContext) {
  const { nfs } = context.connection(cloud).settings
  const { directory, address, exportPath }: JsonObject = isObject(nfs) ? nfs : {}
  if (typeof directory === 'string' && typeof address === 'string' && typeof exportPath === 'string') {
    return { directory, address, exportPath }
  }
  throw nfsUnusable('the target has no nfs setting')
}

const nfsUnusable = (message: string): ActionFailure =>
  new ActionFailure({
    type: 'nfsUnusable',
    message: `the NFS folder cannot be used: ${message}`,
    hint: 'set nfs of the target to a folder that Holdfast can write and HCI hosts can mount',
    retryable: false,
    applied: 'no',
  })
