// What stands in the disks of a restore point, as a list shows it.

/** A place for files: a partition, a whole disk without partitions, or a logical volume over any of them. */
export interface Volume {
  readonly kind: 'volume'
  /** `ide0/1` for the first partition of ide0, `ide0` for all of it, `vg0/root` for a logical volume. */
  readonly path: string
  /** As blkid calls it: `ext4`, `xfs`, `ntfs`, `vfat`, but also `swap`, `crypto_LUKS`, `unknown`. */
  readonly fileSystem: string
  readonly sizeBytes: number
  readonly label?: string
}
