// Where peers lie that `npm run fetch:peers` fetched: newer than those of the Debian that runs here.
import { fileURLToPath } from 'node:url'

export const NEWER_PEERS = {
  folder: fileURLToPath(new URL('../../node_modules/.cache/newer-peers', import.meta.url)),
  packages: ['restic'],
  /** Below the folder in which the packages are unpacked. */
  restic: 'usr/bin/restic',
} as const
