// The demonstration of this platform: one Windows VM on a simulated proxy, backed up as an image and file by file, and restored.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { formatSize, type JsonObject } from '../../../values/index.ts'
import { startSimulatedGuest } from '../../guest/index.ts'
import type { DemoStage, StartDemo } from '../../platform.ts'
import { noise } from '../../simulation/index.ts'
import { startVcbSimulator, type VcbSimulator } from './start.ts'

const MIB = 2 ** 20
const DISK_BYTES = [48 * MIB, 16 * MIB] as const
const NAME = 'mytestvm.foo.com'

export const startDemo: StartDemo = async () => {
  const guest = await startSimulatedGuest()
  const vcb = startVcbSimulator()
  const moref = vcb.addVm({ name: NAME, diskBytes: DISK_BYTES, letters: ['C', 'D', undefined] })
  for (let at = 0; at < 32; at += 1) vcb.writeDisk(moref, 'scsi0:0', at * MIB, noise(MIB, at))
  vcb.writeFile(moref, 1, 'boot.ini', '[boot loader]\r\n')
  for (let at = 0; at < 40; at += 1) vcb.writeFile(moref, 2, `ledger/${at}.csv`, `${at};booked;42.00\n`.repeat(1000))
  return {
    targets: {
      proxy: { connection: 'vmware-vcb/Proxy', settings: vcb.settings },
      machine: { connection: guest.connection, settings: guest.settings },
    },
    play: async (stage) => [...(await play(stage, vcb, moref)), ...(await guest.leaks())],
    [Symbol.asyncDispose]: async () => {
      vcb[Symbol.dispose]()
      await guest[Symbol.asyncDispose]()
    },
  }
}

async function play(stage: DemoStage, vcb: VcbSimulator, moref: string): Promise<readonly string[]> {
  const problems: string[] = []
  stage.chapter('A Windows VM on a simulated VirtualCenter, its proxy, and an empty vault')
  stage.say(`${NAME}: ${DISK_BYTES.map((bytes) => formatSize(bytes)).join(' and ')}, volumes C, D and one without a letter`)

  stage.chapter('An image of the whole VM: scripts, quiesced snapshot, export, copy, unmount, commit')
  const first = await stage.run('vmware-vcb/image-backup', { vm: NAME })
  stage.chapter('The guest goes on writing; the next image')
  vcb.writeDisk(moref, 'scsi0:0', 5 * MIB, noise(MIB, 1000))
  vcb.writeDisk(moref, 'scsi0:1', 3 * MIB, noise(MIB, 1001))
  const second = await stage.run('vmware-vcb/image-backup', { vm: NAME })
  const then = await hashes(vcb, moref)

  stage.chapter('Files: a full backup, then what changed since')
  const files = (level: string): Promise<JsonObject> =>
    stage.run('vmware-vcb/file-backup', { vm: NAME, level, unprotected: 'accept' })
  const full = await files('full')
  vcb.writeFile(moref, 2, 'ledger/3.csv', '3;cancelled;0.00\n')
  const incremental = await files('incremental')
  const differential = await files('differential')

  stage.chapter('The whole VM restored from the second image, beside the old one')
  vcb.writeDisk(moref, 'scsi0:0', 7 * MIB, noise(MIB, 1002))
  const restored = await stage.run('vmware-vcb/image-restore', { pointId: String(second.pointId) })

  stage.chapter('What came of it')
  const now = await hashes(vcb, String(restored.vmId))
  for (const [disk, hash] of Object.entries(then)) {
    if (now[disk] === hash) stage.say(`${disk}: every byte of the restored disk equals the one that was backed up`)
    else problems.push(`${disk}: the restored disk differs from the one that was backed up`)
  }
  stage.say(`not protected, as the runs say: ${String(full.unprotected)}`)
  stage.say(`consistency: ${String(second.consistency)}, for ${String(second.because)}`)
  stage.say(`the vault holds ${formatSize(await stage.vaultBytes())}, for two images and three points of files`)
  if (vcb.leaks().length === 0) stage.say('the VM is in no snapshot mode, and nothing is mounted on the proxy')
  stage.say('')
  stage.say(`image        read ${size(first.bytesRead)}, stored ${size(first.bytesStored)}`)
  stage.say(`next image   read ${size(second.bytesRead)}, stored ${size(second.bytesStored)}`)
  for (const each of [full, incremental, differential]) {
    stage.say(
      `${String(each.level).padEnd(12)} ${String(each.files)} files, ${String(each.filesUnchanged)} unchanged, read ${size(each.bytesRead)}`,
    )
  }
  return [...problems, ...vcb.leaks()]
}

const size = (bytes: JsonObject[string] | undefined): string => formatSize(Number(bytes))

async function hashes(vcb: VcbSimulator, moref: string): Promise<Readonly<Record<string, string>>> {
  const all = vcb.vm(moref).disks.map(async ({ node }) => {
    const bytes = await readFile(vcb.diskFile(moref, node))
    return [node, createHash('sha256').update(bytes).digest('hex')] as const
  })
  return Object.fromEntries(await Promise.all(all))
}
