// Takes files out of the disks of a restore point into a folder, with content, permissions and times, and with owners when root does it.
// TK1: nothing is written outside of the folder. Names come from the disk, so each is looked at, and links are made when all else is written.
import { randomUUID } from 'node:crypto'
import { chmod, lchown, lutimes, mkdir, open, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileTime } from '../../values/index.ts'
import { assertRoom, makeFolder, modeToGive, takesNoMore, writeSparse } from '../../vault/index.ts'
import { type Guestfish, GuestfishError } from './guestfish.ts'
import type { DiskFiles, Found } from './open.ts'
import { type About, aboutOf, linkTarget } from './stat.ts'

export interface Taken {
  readonly files: number
  readonly bytes: number
  /** What could not be taken, by its path in the point. */
  readonly problems: readonly { readonly path: string; readonly message: string }[]
}

/** Each path keeps its place below `to`, a folder that is empty: `ide0/1/etc/hosts` becomes `<to>/ide0/1/etc/hosts`. */
export async function takeFiles(
  files: DiskFiles,
  paths: readonly string[],
  to: string,
  onProgress: (progress: { readonly doneBytes: number }) => void = () => {},
): Promise<Taken> {
  // One that is mistyped, or does not fit, is told before an hour of others is taken.
  const found: Found[] = []
  for (const path of paths) found.push(...(await files.find(path)))
  const neededBytes = await neededFor(files, found)
  await assertRoom(to, neededBytes)
  await makeFolder(to)
  const coming = join(to, `.coming-${randomUUID()}`)
  await mkdir(coming, { mode: 0o700 })
  try {
    const taking = createTaking(files.fish, to, coming, onProgress)
    for (const one of found) {
      await files.mount(one.volume)
      await taking.take(one)
    }
    return await taking.finish()
  } finally {
    await rm(coming, { recursive: true })
  }
}

/** Holes are not counted. What cannot be told is told when it is taken. */
async function neededFor({ fish, mount }: DiskFiles, found: readonly Found[]): Promise<number> {
  let kibibytes = 0
  for (const { volume, within, about } of found) {
    await mount(volume)
    if (about.kind === 'folder') kibibytes += Number(await fish.ask('du', within).catch(() => 0))
    else kibibytes += Math.min(about.allocatedBytes, about.sizeBytes) / 1024
  }
  return kibibytes * 1024
}

function createTaking(
  fish: Guestfish,
  to: string,
  coming: string,
  onProgress: (progress: { readonly doneBytes: number }) => void,
) {
  const problems: Taken['problems'][number][] = []
  const folders = new Map<string, Later>()
  const links = new Map<string, Later & { readonly link: Buffer }>()
  const made = new Set<string>()
  let files = 0
  let bytes = 0

  /** Notes what hinders one file; what hinders all of them is thrown. */
  async function attempt(path: string, make: () => Promise<string | undefined>): Promise<void> {
    const problem = await make().catch((error: unknown) => {
      if (!isAboutOneFile(error)) throw error
      return error.message
    })
    if (problem !== undefined) problems.push({ path, message: problem })
  }

  async function take({ volume, within, about }: Found): Promise<void> {
    const start = within.equals(SLASH) ? Buffer.alloc(0) : within
    // Only behind a slash are the names that come back relative.
    const inside = about.kind === 'folder' ? await fish.names('find0', Buffer.concat([start, SLASH])) : []
    for (const name of [undefined, ...inside]) {
      const inner = name ? Buffer.concat([start, SLASH, name]) : start
      await attempt(`${volume.path}${inner}`, async () => {
        const inPoint = Buffer.concat([Buffer.from(`/${volume.path}`), inner])
        if (!isPlain(inPoint)) return 'its name is none for a file'
        const described = name ? await aboutOf(fish, inner) : about
        if (!described) return 'it is listed, and is not there'
        return await place(inner.length === 0 ? SLASH : inner, inPoint, described)
      })
    }
  }

  /** Answers what is in the way, if anything. */
  async function place(inner: Buffer, inPoint: Buffer, about: About): Promise<string | undefined> {
    const target = Buffer.concat([Buffer.from(to), inPoint])
    const path = inPoint.subarray(1).toString()
    await makeFolders(target.subarray(0, target.lastIndexOf(SLASH)))
    const key = target.toString('latin1')
    switch (about.kind) {
      case 'folder':
        await makeFolders(target)
        folders.set(key, { path, target, about })
        return undefined
      case 'link':
        links.set(key, { path, target, about, link: await linkTarget(fish, inner) })
        return undefined
      case 'other':
        return 'it is a device, a pipe or a socket'
      case 'file':
        return await placeFile(inner, target, about)
      default:
        return about.kind satisfies never
    }
  }

  /** In its place only when it is whole. */
  async function placeFile(inner: Buffer, target: Buffer, about: About): Promise<string | undefined> {
    const arriving = Buffer.from(join(coming, String(files + problems.length)))
    if (about.sizeBytes - about.allocatedBytes < LEAST_HOLES_BYTES) await fish.ask('download', inner, arriving)
    else await downloadSparse(inner, about.sizeBytes, arriving)
    const { size } = await stat(arriving)
    if (size !== about.sizeBytes) return `${size} of its ${about.sizeBytes} bytes could be read`
    await describe(arriving, about)
    await rename(arriving, target)
    files += 1
    bytes += size
    onProgress({ doneBytes: bytes })
    return undefined
  }

  /** Piece by piece: no more of its zeros ever stand on this disk. */
  async function downloadSparse(inner: Buffer, sizeBytes: number, arriving: Buffer): Promise<void> {
    const piece = join(coming, 'piece')
    await using file = await open(arriving, 'wx', 0o600)
    for (let at = 0; at < sizeBytes; at += PIECE_BYTES) {
      const lengthBytes = Math.min(PIECE_BYTES, sizeBytes - at)
      await fish.ask('download-offset', inner, piece, String(at), String(lengthBytes))
      await writeSparse(file, await readFile(piece), at)
      onProgress({ doneBytes: bytes + at + lengthBytes })
    }
    await file.truncate(sizeBytes)
  }

  /** Only folders that were made here are gone through, never links. */
  async function makeFolders(folder: Buffer): Promise<void> {
    const key = folder.toString('latin1')
    if (made.has(key) || folder.length <= Buffer.byteLength(to)) return
    await makeFolders(folder.subarray(0, folder.lastIndexOf(SLASH)))
    await mkdir(folder, { mode: 0o700 })
    made.add(key)
  }

  /** Innermost folders first, so that neither times nor permissions of the outer ones are in the way. */
  async function finish(): Promise<Taken> {
    for (const { path, target, about, link } of links.values())
      await attempt(path, async () => {
        await symlink(link, target)
        files += 1
        return await describe(target, about)
      })
    for (const { path, target, about } of [...folders.values()].reverse())
      await attempt(path, async () => await describe(target, about))
    return { files, bytes, problems }
  }

  return { take, finish }
}

interface Later {
  /** In the point. */
  readonly path: string
  readonly target: Buffer
  readonly about: About
}

const SLASH = Buffer.from('/')
/** Less comes of a file system that keeps small files elsewhere than in blocks. */
const LEAST_HOLES_BYTES = 64 * 1024
const PIECE_BYTES = 16 * 1024 ** 2

/** No part of it leads elsewhere, or nowhere. */
const isPlain = (path: Buffer): boolean =>
  path
    .toString('latin1')
    .slice(1)
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..')

/** A target that takes no more, and a guestfish that is gone, hinder all of them. */
const isAboutOneFile = (error: unknown): error is Error =>
  error instanceof GuestfishError
    ? !error.ended
    : error instanceof Error && 'syscall' in error && 'code' in error && !takesNoMore(error)

/** Owner before mode, which a change of owner weakens; times last. */
async function describe(path: Buffer, { kind, mode, uid, gid, atimeS, mtimeS }: About): Promise<undefined> {
  if (process.getuid?.() === 0) await lchown(path, uid, gid)
  if (kind !== 'link') await chmod(path, kind === 'file' ? modeToGive(mode, uid) : mode)
  await lutimes(path, fileTime(atimeS), fileTime(mtimeS))
}
