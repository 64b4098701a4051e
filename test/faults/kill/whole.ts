// Whether what backups and restores have made is whole: its bytes are held against what the platform has behind everybody's back.
import { createHash } from 'node:crypto'
import type { BlockSource } from '../../../src/blocks/index.ts'
import type { DiskView, StandIn } from '../../../src/platforms/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import type { Vault } from '../../../src/vault/index.ts'

/** Digests of what is on the disks of the VMs among these values. */
export function digestsOf(standIns: readonly StandIn[], known: JsonObject): ReadonlyMap<string, string> {
  const vms = Object.values(known)
    .flat()
    .filter((value) => typeof value === 'string')
  return new Map(
    vms.flatMap((vm) => {
      const digest = digestOf(standIns, vm)
      return digest === undefined ? [] : [[vm, digest]]
    }),
  )
}

function digestOf(standIns: readonly StandIn[], vm: string): string | undefined {
  const disks = standIns.flatMap((standIn) => standIn.disksOf?.(vm) ?? [])
  if (disks.length === 0) return undefined
  const digest = createHash('sha256')
  for (const disk of disks) {
    const bytes = Buffer.alloc(disk.sizeBytes)
    disk.read(0, bytes)
    digest.update(bytes)
  }
  return digest.digest('hex')
}

/**
 * Every point in the vault against its VM, and VMs that a run outputs against the point that it was given. Left out are VMs whose guests
 * have written since the digests were made.
 */
export async function comparePoints(
  vault: Vault,
  standIns: readonly StandIn[],
  before: ReadonlyMap<string, string>,
  inputs: JsonObject,
  outputs: JsonObject = {},
): Promise<{ readonly equal: number; readonly different: readonly string[] }> {
  const disksOf = (vm: string): readonly DiskView[] => standIns.flatMap((standIn) => standIn.disksOf?.(vm) ?? [])
  const pairs = (await vault.points()).map(({ id, vm }) => ({ id, vm, disks: disksOf(vm) }))
  if (typeof inputs.pointId === 'string')
    for (const vm of Object.values(outputs)) {
      const disks = typeof vm === 'string' ? disksOf(vm) : []
      if (disks.length > 0) pairs.push({ id: inputs.pointId, vm: String(vm), disks })
    }
  let equal = 0
  const different: string[] = []
  for (const { id, vm, disks } of pairs) {
    if (disks.length === 0 || (before.has(vm) && before.get(vm) !== digestOf(standIns, vm))) continue
    const { disks: stored } = await vault.point(id)
    const found = await Promise.all(
      stored.map(async ({ disk }) => {
        await using source = await vault.openDisk(id, disk)
        return (await Promise.all(disks.map((each) => isEqual(source, each)))).includes(true)
      }),
    )
    if (stored.length === disks.length && !found.includes(false)) equal += 1
    else different.push(`point ${id} and VM ${vm} hold different bytes`)
  }
  return { equal, different }
}

async function isEqual(stored: BlockSource, disk: DiskView): Promise<boolean> {
  if (stored.sizeBytes !== disk.sizeBytes) return false
  const [left, right] = [Buffer.alloc(disk.sizeBytes), Buffer.alloc(disk.sizeBytes)]
  await stored.read(0, left)
  disk.read(0, right)
  return left.equals(right)
}
