// Peers that `npm run fetch:peers` fetches for tests: newer than those of the Debian that runs here, or not in it at all.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const NEWER_PEERS_FOLDER = fileURLToPath(new URL('../../node_modules/.cache/newer-peers', import.meta.url))

export interface NewerPeer {
  readonly package: string
  /** Where the package is unpacked. */
  readonly folder: string
  /** What tests use of it. */
  readonly path: string
  /** Does nothing but start: one that is built for newer libraries than this Debian's fails. */
  readonly trial: readonly [program: string, ...args: readonly string[]]
}

const RESTIC = join(NEWER_PEERS_FOLDER, 'restic')
const MOTO = join(NEWER_PEERS_FOLDER, 'python3-moto')

export const NEWER_RESTIC: NewerPeer = {
  package: 'restic',
  folder: RESTIC,
  path: join(RESTIC, 'usr/bin/restic'),
  trial: [join(RESTIC, 'usr/bin/restic'), 'version'],
}

/** A stand-in for Amazon's services that knows object lock. */
export const MOTO_SERVER: NewerPeer = {
  package: 'python3-moto',
  folder: MOTO,
  path: join(MOTO, 'usr/lib/python3/dist-packages'),
  trial: [
    'env',
    `PYTHONPATH=${join(MOTO, 'usr/lib/python3/dist-packages')}`,
    '/usr/bin/python3',
    '-c',
    'import moto.server, moto.s3.urls',
  ],
}

export const NEWER_PEERS: readonly NewerPeer[] = [NEWER_RESTIC, MOTO_SERVER]
