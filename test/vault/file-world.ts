// What the tests of file backups share: random trees on disk, and a point of a folder in one call.
import { chmod, link, lstat, lutimes, mkdir, open, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { fileTime } from '../../src/values/index.ts'
import type { BackedUpFiles, BackUpFilesRequest, Vault } from '../../src/vault/index.ts'
import { noise } from './world.ts'

export type Planted =
  | {
      readonly kind: 'file'
      readonly name: Buffer
      readonly mode: number
      readonly timeS: number
      readonly content: Buffer
      readonly alsoAs?: Buffer
    }
  | { readonly kind: 'sparse'; readonly name: Buffer; readonly sizeBytes: number }
  | {
      readonly kind: 'folder'
      readonly name: Buffer
      readonly mode: number
      readonly timeS: number
      readonly inside: readonly Planted[]
    }
  | { readonly kind: 'link'; readonly name: Buffer; readonly target: string }

/** Names as file systems have them: any bytes but `/` and 0, neither `.` nor `..`. No rare characters: what Go prints of them depends on its Unicode. */
const names = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 12, unit: 'binary-ascii' }).map((text) => Buffer.from(text)),
    fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom('a b', '"quoted"', 'back\\slash', '<&>', 'ä€𝄞', 'new\nline', '-rf', '\u2028\u200b')
      .map((text) => Buffer.from(text)),
  )
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x2f || byte === 0 ? 0x5f : byte))))
  .filter((bytes) => !['.', '..'].includes(bytes.toString('latin1')))

const modes = fc.integer({ min: 0o400, max: 0o777 })
const folderModes = fc.constantFrom(0o700, 0o755, 0o1777, 0o2750)
/** Whole seconds: Node sets no others exactly. Some lie before 1970. */
const times = fc.integer({ min: -1_000_000_000, max: 4_000_000_000 })

const contents = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.tuple(fc.nat(99), fc.integer({ min: 1, max: 400_000 })).map(([seed, lengthBytes]) => noise(seed, lengthBytes)),
)

const { node } = fc.letrec<{ node: Planted }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('file' as const), name: names, mode: modes, timeS: times, content: contents }),
    fc.record({ kind: fc.constant('file' as const), name: names, mode: modes, timeS: times, content: contents, alsoAs: names }),
    fc.record({ kind: fc.constant('link' as const), name: names, target: fc.constantFrom('a', '../x', '/nowhere', 'ä <&>') }),
    fc.record({ kind: fc.constant('sparse' as const), name: names, sizeBytes: fc.integer({ min: 1, max: 500_000 }) }),
    fc.record({
      kind: fc.constant('folder' as const),
      name: names,
      mode: folderModes,
      timeS: times,
      inside: fc.array(tie('node'), { maxLength: 5 }),
    }),
  ),
}))

export const trees: fc.Arbitrary<readonly Planted[]> = fc.array(node, { maxLength: 8 })

const SLASH = Buffer.from('/')

/** Makes the tree below the folder; a name that is taken already is passed over. */
export async function plantTree(folder: string | Buffer, tree: readonly Planted[]): Promise<void> {
  for (const one of tree) {
    const path = Buffer.concat([Buffer.from(folder), SLASH, one.name])
    try {
      await plant(path, one, Buffer.from(folder))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

async function plant(path: Buffer, one: Planted, folder: Buffer): Promise<void> {
  switch (one.kind) {
    case 'file':
      await writeFile(path, one.content, { flag: 'wx' })
      await chmod(path, one.mode)
      await lutimes(path, fileTime(one.timeS), fileTime(one.timeS))
      if (one.alsoAs) await link(path, Buffer.concat([folder, SLASH, one.alsoAs]))
      return
    case 'sparse': {
      const file = await open(path, 'wx')
      await file.truncate(one.sizeBytes)
      await file.close()
      return
    }
    case 'link':
      return await symlink(one.target, path)
    case 'folder':
      await mkdir(path)
      await plantTree(path, one.inside)
      await chmod(path, one.mode)
      await lutimes(path, fileTime(one.timeS), fileTime(one.timeS))
      return
    default: {
      const never: never = one
      throw new Error(`unknown kind ${JSON.stringify(never)}`)
    }
  }
}

/** A full backup of one folder, unless said otherwise. */
export async function backUpFolder(
  vault: Vault,
  by: string,
  path: string,
  { name = 'data', ...more }: Partial<BackUpFilesRequest> = {},
): Promise<BackedUpFiles> {
  return await vault.backUpFiles({
    run: by,
    vm: 'vm-1',
    name: 'erp-db',
    level: 'full',
    folders: [{ name, path }],
    onProblem: 'fail',
    consistency: 'filesystem',
    platform: { pack: 'test' },
    ...more,
  })
}

/** Everything that a restore gives back of each file, by path. */
export async function look(folder: string): Promise<Readonly<Record<string, object>>> {
  const seen: Record<string, object> = {}
  const inodes = new Map<bigint, string>()
  const below = async (bytes: Buffer): Promise<void> => {
    for (const name of (await readdir(bytes, { encoding: 'buffer' })).sort(Buffer.compare)) {
      const path = Buffer.concat([bytes, Buffer.from('/'), name])
      const about = await lstat(path, { bigint: true })
      const key = path.subarray(Buffer.byteLength(folder)).toString('latin1')
      const first = about.isFile() ? (inodes.get(about.ino) ?? key) : key
      inodes.set(about.ino, first)
      seen[key] = {
        mode: about.mode.toString(8),
        owner: `${about.uid}:${about.gid}`,
        mtime: about.mtimeNs,
        ...(first === key ? {} : { linkTo: first }),
        ...(about.isFile() ? { content: (await readFile(path)).toString('hex') } : {}),
        ...(about.isSymbolicLink() ? { target: await readlink(path) } : {}),
      }
      if (about.isDirectory()) await below(path)
    }
  }
  await below(Buffer.from(folder))
  return seen
}
