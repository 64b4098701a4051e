// Builds the measuring guest: a kernel, and a first file system of a few programs, from packages of this host's Debian. Nothing is
// installed, no rights are needed, and nothing but the distribution's own mirror is asked. Kept in a cache that may be removed at any time.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface GuestImage {
  readonly kernel: string
  readonly initrd: string
}

const OVERLAY = fileURLToPath(new URL('../../../../runbooks/qemu/measuring-guest', import.meta.url))

/** Where each file of the overlay goes. */
const PLACES: Readonly<Record<string, string>> = {
  init: 'init',
  begin: 'usr/bin/begin',
  listen: 'usr/bin/listen',
  writer: 'usr/bin/writer',
  beat: 'usr/bin/beat',
  verify: 'usr/bin/verify',
  hold: 'etc/qemu/fsfreeze-hook.d/hold',
}

/** The guest agent, an SSH server, and what they are linked to. */
const PACKAGES = [
  'busybox-static',
  'qemu-guest-agent',
  'libglib2.0-0',
  'libpcre2-8-0',
  'libnuma1',
  'liburing2',
  'libudev1',
  'libc6',
  ...['dropbear-bin', 'libtomcrypt1', 'libtommath1', 'libgmp10', 'libcrypt1', 'zlib1g'],
]

const PROGRAMS = ['usr/sbin/qemu-ga', 'usr/sbin/dropbear', 'usr/bin/dropbearkey']

const MODULES = [
  'drivers/virtio/virtio',
  'drivers/virtio/virtio_ring',
  'drivers/virtio/virtio_pci_modern_dev',
  'drivers/virtio/virtio_pci_legacy_dev',
  'drivers/virtio/virtio_pci',
  'drivers/block/virtio_blk',
  'drivers/char/virtio_console',
  ...['net/core/failover', 'drivers/net/net_failover', 'drivers/net/virtio_net'],
]

const FOLDERS = [
  'bin',
  'sbin',
  'lib64',
  'lib/m',
  'lib/x86_64-linux-gnu',
  'proc',
  'sys',
  'dev',
  'etc/qemu/fsfreeze-hook.d',
  'run',
  'tmp',
  'data',
  'wal',
  'usr/bin',
  'usr/sbin',
]

/** The image, built when it is not there yet. Throws where the distribution's packages cannot be had. */
export async function buildGuest(): Promise<GuestImage> {
  // The kernel's package changes its name with each version; this one only points to it.
  const { stdout } = await run('apt-cache', ['depends', 'linux-image-cloud-amd64'])
  const kernelPackage = /Depends: (\S+)/.exec(stdout)?.[1]
  if (kernelPackage === undefined) throw new Error('apt knows no kernel: apt-get update')
  const folder = join(cacheFolder(), await digestOf(kernelPackage))
  const image = { kernel: join(folder, 'vmlinuz'), initrd: join(folder, 'initrd.cpio') }
  const isThere = await access(image.initrd).then(
    () => true,
    () => false,
  )
  if (isThere) return image
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 })
  const making = await mkdtemp(`${folder}-`)
  try {
    await make(making, kernelPackage)
    // Whole or not at all: somebody else may build at the same time.
    await rename(making, folder).catch(() => {})
  } finally {
    await rm(making, { recursive: true, force: true })
  }
  return image
}

const cacheFolder = (): string => join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'holdfast', 'measuring-guest')

async function digestOf(kernelPackage: string): Promise<string> {
  const digest = createHash('sha256').update(JSON.stringify([kernelPackage, PACKAGES, PROGRAMS, MODULES, FOLDERS, PLACES]))
  for (const file of Object.keys(PLACES)) digest.update(await readFile(join(OVERLAY, file)))
  return digest.digest('hex').slice(0, 16)
}

async function make(folder: string, kernelPackage: string): Promise<void> {
  const [packages, unpacked, root] = [join(folder, 'packages'), join(folder, 'unpacked'), join(folder, 'root')]
  for (const each of [packages, unpacked, ...FOLDERS.map((name) => join(root, name))]) await mkdir(each, { recursive: true })
  await run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', kernelPackage, ...PACKAGES], { cwd: packages })
  for (const file of await readdir(packages)) await run('dpkg-deb', ['-x', join(packages, file), unpacked])

  const [version = ''] = await readdir(join(unpacked, 'lib/modules'))
  await cp(join(unpacked, 'boot', `vmlinuz-${version}`), join(folder, 'vmlinuz'))
  for (const module of MODULES)
    await cp(join(unpacked, 'lib/modules', version, 'kernel', `${module}.ko`), join(root, 'lib/m', `${basename(module)}.ko`))
  await addPrograms(unpacked, root)
  for (const [file, place] of Object.entries(PLACES)) {
    await cp(join(OVERLAY, file), join(root, place))
    await chmod(join(root, place), 0o755)
  }
  await pack(root, join(folder, 'initrd.cpio'))
  for (const each of [packages, unpacked, root]) await rm(each, { recursive: true })
}

async function addPrograms(unpacked: string, root: string): Promise<void> {
  const busybox = join(unpacked, 'bin/busybox')
  await cp(busybox, join(root, 'bin/busybox'))
  const { stdout } = await run(busybox, ['--list'])
  for (const name of stdout.trim().split('\n')) if (name !== 'busybox') await symlink('busybox', join(root, 'bin', name))

  const libraries = ['lib', 'usr/lib'].map((name) => join(unpacked, name, 'x86_64-linux-gnu'))
  const loader = join(unpacked, 'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2')
  for (const program of PROGRAMS) {
    const file = join(unpacked, program)
    await cp(file, join(root, program))
    // The loader itself tells which libraries it would take, without running the program.
    const { stdout: linked } = await run(loader, ['--inhibit-cache', '--library-path', libraries.join(':'), '--list', file])
    for (const [, path = ''] of linked.matchAll(/=> (\/\S+) \(/g))
      await cp(path, join(root, 'lib/x86_64-linux-gnu', basename(path)), { dereference: true })
  }
  await cp(loader, join(root, 'lib64/ld-linux-x86-64.so.2'), { dereference: true })
}

/** All files as belonging to root, in a fixed order, by busybox's own cpio. */
async function pack(root: string, into: string): Promise<void> {
  const names = (await readdir(root, { recursive: true })).toSorted()
  const packing = run(join(root, 'bin/busybox'), ['cpio', '-o', '-H', 'newc', '-R', '0:0'], {
    cwd: root,
    encoding: 'buffer',
    maxBuffer: 2 ** 28,
  })
  packing.child.stdin?.end(['.', ...names].join('\n'))
  await writeFile(into, (await packing).stdout)
}
