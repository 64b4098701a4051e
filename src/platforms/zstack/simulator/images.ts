// The bytes of backups on storage servers: an image holds a whole volume, or what changed since the image before. Reads go through
// the whole chain, so what is missing on a server is missed.
import { createSparseDisk, differenceOf, laidOver, type SparseSnapshot } from '../../simulation/index.ts'
import { type Image, Refusal, type Storage, type Volume, type VolumeBackup } from './world.ts'

/** What a backup of the volume would hold now: what changed, where the host can tell and the chain goes on there; else everything. */
export function imageOf(
  volume: Volume,
  { uuid, images }: Storage,
  full: boolean,
): Omit<Image, 'row'> & { readonly at: SparseSnapshot } {
  const at = volume.disk.freeze()
  const { bitmap } = volume
  const goesOn = !full && bitmap?.storageUuid === uuid && images.has(bitmap.backupUuid)
  return goesOn ? { at, pages: differenceOf(at, bitmap.at), parentUuid: bitmap.backupUuid } : { at, pages: at }
}

/** What a volume was when it was backed up, read from one storage alone. */
export function contentOn(storage: Storage, backupUuid: string): SparseSnapshot {
  const image = storage.images.get(backupUuid)
  if (!image) throw new Refusal('SYS.1006', `image ${backupUuid} is missing on backup storage ${storage.name}`)
  return image.parentUuid === undefined ? image.pages : laidOver(contentOn(storage, image.parentUuid), image.pages)
}

/** With the images before it that the target does not have. */
export function copyImage(from: Storage, to: Storage, backupUuid: string): void {
  const image = from.images.get(backupUuid)
  if (!image) throw new Refusal('SYS.1006', `image ${backupUuid} is missing on backup storage ${from.name}`)
  if (to.images.has(backupUuid)) return
  if (image.parentUuid !== undefined) copyImage(from, to, image.parentUuid)
  to.images.set(backupUuid, image)
}

/** Backups on the storage that cannot be read without this one. */
export const dependentsOn = ({ images }: Storage, backupUuid: string): readonly VolumeBackup[] =>
  [...images.values()].flatMap(({ parentUuid, row }) => (parentUuid === backupUuid ? [row] : []))

/** A disk of its own with what the backup holds. */
export const diskFrom = (storage: Storage, backupUuid: string) => {
  const content = contentOn(storage, backupUuid)
  return createSparseDisk(content.sizeBytes, content)
}
