// Restored disks as raw files, in a folder of the operator's choice. They overwrite nothing.
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ActionContext } from '../../packs/index.ts'
import type { Json, JsonObject } from '../../values/index.ts'
import { failure, gone } from './failures.ts'

interface Images {
  readonly directory: string
  readonly name: string
  readonly disks: readonly { readonly disk: string; readonly sizeBytes: number }[]
}

const prefixOf = (name: string): string => `${encodeURIComponent(name)}.`
const fileOf = (name: string, disk: string): string => `${prefixOf(name)}${encodeURIComponent(disk)}.raw`

export async function createImages(input: JsonObject, context: ActionContext): Promise<JsonObject> {
  const { directory, name, disks } = input as unknown as Images
  context.assertOwner()
  await mkdir(directory, { recursive: true, mode: 0o700 })
  for (const { disk, sizeBytes } of disks) {
    try {
      await using file = await open(join(directory, fileOf(name, disk)), 'wx', 0o600)
      await file.truncate(sizeBytes)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      throw failure({ type: 'fileRefused', message, detail: { code }, retryable: false, applied: 'maybe' })
    }
  }
  return { name, directory, targets: targetsOf({ directory, name, disks }) }
}

const targetsOf = ({ directory, name, disks }: Images): Json =>
  disks.map(({ disk, sizeBytes }) => ({
    disk,
    sizeBytes,
    address: { kind: 'file', path: join(directory, fileOf(name, disk)) },
  }))

/** Found with the first file: whoever writes to a disk whose file is not there yet makes it. */
export async function findImages(input: JsonObject): Promise<JsonObject> {
  const images = input as unknown as Images
  const { directory, name } = images
  return { found: (await filesOf(directory, name)).length > 0, name, directory, targets: targetsOf(images) }
}

export async function deleteImages(input: JsonObject, context: ActionContext): Promise<JsonObject> {
  const { directory, name } = input as unknown as Images
  const files = await filesOf(directory, name)
  if (files.length === 0) throw gone(`a restored disk of ${name}`)
  context.assertOwner()
  for (const file of files) await rm(join(directory, file), { force: true })
  return {}
}

async function filesOf(directory: string, name: string): Promise<readonly string[]> {
  const all = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return all.filter((file) => file.startsWith(prefixOf(name)) && file.endsWith('.raw'))
}
