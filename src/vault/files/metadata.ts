// Between what a file system says of a file and how restic spells it: Go's file modes, RFC 3339 times, names of owners.
import type { BigIntStats } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Metadata } from '../format/index.ts'

const UNIX_KIND = 0o170000
/** Go's type bits by Unix's. Source: Go, package io/fs, `FileMode`. */
const GO_KINDS: ReadonlyMap<number, { readonly type: string; readonly bits: number }> = new Map([
  [0o100000, { type: 'file', bits: 0 }],
  [0o040000, { type: 'dir', bits: 2 ** 31 }],
  [0o120000, { type: 'symlink', bits: 2 ** 27 }],
  [0o060000, { type: 'dev', bits: 2 ** 26 }],
  [0o020000, { type: 'chardev', bits: 2 ** 26 + 2 ** 21 }],
  [0o010000, { type: 'fifo', bits: 2 ** 25 }],
  [0o140000, { type: 'socket', bits: 2 ** 24 }],
])

/** Set-user-id, set-group-id and sticky, which Go keeps elsewhere than Unix. */
const SPECIAL_BITS = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
] as const

/** Names of the users or groups of this machine, by number. */
export type OwnerNames = ReadonlyMap<number, string>

/** `file`, `dir`, `symlink` and so on, as restic calls it; undefined for what it has no word for. */
export const typeOf = (mode: number): string | undefined => GO_KINDS.get(mode & UNIX_KIND)?.type

export function goMode(mode: number): number {
  const special = SPECIAL_BITS.reduce((sum, [unix, go]) => sum + ((mode & unix) === 0 ? 0 : go), 0)
  return (GO_KINDS.get(mode & UNIX_KIND)?.bits ?? 0) + special + (mode & 0o777)
}

/** Permission bits with set-user-id, set-group-id and sticky, as chmod takes them. */
export const unixMode = (mode: number): number =>
  SPECIAL_BITS.reduce((sum, [unix, go]) => sum + (Math.floor(mode / go) % 2 === 0 ? 0 : unix), mode % 0o1000)

/**
 * Permission bits for a file that may be given its owner only by root. Without that owner it gets no set-user-id or set-group-id: it would
 * run as who restores it, for everybody who reaches it. Source: tar(1), cp(1), which do the same.
 */
export function modeToGive(mode: number, uid: number): number {
  const restorer = process.getuid?.()
  return restorer === 0 || restorer === uid ? mode : mode & ~0o6000
}

export function metadataOf(about: BigIntStats, users: OwnerNames, groups: OwnerNames): Metadata {
  const mode = Number(about.mode)
  const [uid, gid] = [Number(about.uid), Number(about.gid)]
  const [user, group] = [users.get(uid), groups.get(gid)]
  const mtime = rfc3339(about.mtimeNs)
  const type = typeOf(mode)
  return {
    mode: goMode(mode),
    mtime,
    // As restic does without --with-atime: reading a file is no change of it.
    atime: mtime,
    ctime: rfc3339(about.ctimeNs),
    uid,
    gid,
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
    inode: String(about.ino),
    deviceId: String(about.dev),
    ...(type === 'dir' || type === 'fifo' || type === 'socket' ? {} : { links: String(about.nlink) }),
  }
}

const SECOND = 1_000_000_000n
/** Year 0 to 9999: what the format can say. */
const FIRST_SECOND = BigInt(Date.parse('0000-01-01T00:00:00Z') / 1000)
const LAST_SECOND = BigInt(Date.parse('9999-12-31T23:59:59Z') / 1000)

/** UTC, to the nanosecond, without trailing zeros. */
export function rfc3339(timeNs: bigint): string {
  const fractionNs = ((timeNs % SECOND) + SECOND) % SECOND
  const second = (timeNs - fractionNs) / SECOND
  if (second < FIRST_SECOND || second > LAST_SECOND) return rfc3339((second < FIRST_SECOND ? FIRST_SECOND : LAST_SECOND) * SECOND)
  const fraction = fractionNs === 0n ? '' : `.${String(fractionNs).padStart(9, '0').replace(/0+$/, '')}`
  return `${new Date(Number(second) * 1000).toISOString().slice(0, 19)}${fraction}Z`
}

/** Seconds since the epoch, as far as a double tells them: to a quarter of a microsecond. */
export function secondsOf(time: string): number {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? ''
  return Date.parse(time.replace(/\.\d+/, '')) / 1000 + Number(`0.${fraction || 0}`)
}

/** From the files where Unix keeps them; owners that are kept elsewhere stay numbers. */
export async function ownerNames(file: '/etc/passwd' | '/etc/group'): Promise<OwnerNames> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const names = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [name, , number] = line.split(':')
    if (name && number && !names.has(Number(number))) names.set(Number(number), name)
  }
  return names
}
