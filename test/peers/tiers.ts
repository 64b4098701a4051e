// What tests of real machines need, tier by tier. A test says by `peer` which programs it needs; its file belongs to the highest tier of them.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface Tier {
  readonly tier: number
  readonly title: string
  /** Programs, modules of Python, or block drivers of QEMU, that tests of this tier ask for. */
  readonly needs: readonly string[]
}

export const TIERS: readonly Tier[] = [
  { tier: 0, title: 'nothing but Node: simulated monitors, agents and guests', needs: ['sh', 'ps', 'prlimit'] },
  {
    tier: 1,
    title: 'programs of QEMU without a VM, and a guest agent that runs on this machine',
    needs: ['qemu-img', 'qemu-io', 'qemu-nbd', 'qemu-ga', 'openssl'],
  },
  {
    tier: 2,
    title: 'VMs in software emulation, with a guest of packages that are downloaded; no KVM, no root',
    needs: ['qemu-system-x86_64', 'mke2fs', 'setpriv', 'dpkg-deb', 'ssh-keygen'],
  },
  {
    tier: 3,
    title: 'programs of other authors as peers and judges',
    needs: [
      ...['libvirtd', 'virsh', 'virtnbdbackup', 'virtnbdrestore', 'tgtd', 'tgtadm', 'iscsi'],
      ...['sshd', 'nbdinfo', 'nbdcopy', 'winrm', 'subprocess'],
    ],
  },
]

/** Folders of tests of real machines. */
const FOLDERS = ['test/platforms/guest', 'test/platforms/qemu', 'test/ssh']

export interface TieredFile {
  readonly file: string
  readonly tier: number
  /** What it asks for and no tier names. */
  readonly unknown: readonly string[]
}

export const tieredFiles = (): readonly TieredFile[] =>
  FOLDERS.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.test.ts'))
      .toSorted()
      .map((name) => tieredFile(join(folder, name))),
  )

function tieredFile(file: string): TieredFile {
  const asked = [...programsIn(file, new Set())]
  const tiers = asked.map((program) => TIERS.find(({ needs }) => needs.includes(program))?.tier)
  return {
    file,
    tier: Math.max(0, ...tiers.map((tier) => tier ?? 0)),
    unknown: asked.filter((_, index) => tiers[index] === undefined),
  }
}

const ASKS = /\b(?:peer|pythonPeer|blockDriver)\(\s*'([^']+)'/g
const IMPORTS = /from '(\.[^']+\.ts)'/g

/** What a file of tests asks for, and what it imports of other files of tests. */
function programsIn(file: string, seen: Set<string>): ReadonlySet<string> {
  if (seen.has(file) || !file.startsWith('test/') || !existsSync(file)) return new Set()
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  const own = [...text.matchAll(ASKS)].map(([, program = '']) => program)
  const imported = [...text.matchAll(IMPORTS)].map(([, path = '']) => join(dirname(file), path))
  return new Set([...own, ...imported.flatMap((each) => [...programsIn(each, seen)])])
}
