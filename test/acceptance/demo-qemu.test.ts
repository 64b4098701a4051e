// `holdfast demo qemu`: what restore points claim, measured by booting what was restored in a real guest. (P9)
import { describe, expect, test } from 'vitest'
import { peer } from '../peers/peer.ts'
import { holdfast } from './holdfast.ts'

const PEERS = [
  ['qemu-system-x86_64', 'qemu-system-x86'],
  ['qemu-img', 'qemu-utils'],
  ['mke2fs', 'e2fsprogs'],
  ['setpriv', 'util-linux'],
  ['dpkg-deb', 'dpkg'],
] as const
const hasPeers = PEERS.map(([program, debianPackage]) => peer(program, debianPackage)).every(Boolean)

describe.runIf(hasPeers)('the demonstration on a real guest', () => {
  test('P9: every way of backing up is worth what its restore point claims, and two runs are not one', {
    timeout: 900_000,
  }, async () => {
    const { exitCode, stdout, stderr } = await holdfast({ cwd: import.meta.dirname }, 'demo', 'qemu')
    const row = (title: string): readonly string[] =>
      stdout
        .split('\n')
        .find((line) => line.startsWith(title))
        ?.slice(title.length)
        .trim()
        .split(/ {2,}/) ?? []
    expect(row('disk after disk, in two runs').slice(0, 1), stderr).toEqual(['crash'])
    expect(row('all disks at one instant').slice(0, 2)).toEqual(['crash', 'crash'])
    expect(row('… file systems frozen').slice(0, 2)).toEqual(['filesystem', 'filesystem'])
    expect(row('… and the application told').slice(0, 2)).toEqual(['application', 'application'])
    expect(stdout).toContain('QEMU holds no filter, scratch, export or old checkpoint')
    expect(exitCode, stdout).toBe(0)
  })
})
