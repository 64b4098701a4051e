// A chain of backups under guests that never stop writing: whatever any point of it held must come back, judged by other programs.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { keepWriting } from '../../src/platforms/simulation/index.ts'
import { exportVault } from '../../src/vault/index.ts'
import { peer } from '../peers/peer.ts'
import { MIB, type Stage, startStage } from '../platforms/sangfor-scp/stage.ts'

const run = promisify(execFile)
const INCREMENTALS = 4

interface Point {
  readonly pointId: string
  readonly serverId: string
  readonly level: string
  readonly bytesRead: number
}

/** Full and incremental group backups, with the guests writing all the while. */
async function backUpAgainAndAgain(stage: Stage): Promise<readonly Point[]> {
  const vms = ['db', 'app'].map((name) =>
    stage.scp.addVm({ name, disks: [{ sizeBytes: 16 * MIB, files: { 'A.TXT': name } }, { sizeBytes: 5 * MIB + 512 }] }),
  )
  const groupId = stage.scp.addGroup(
    'erp',
    vms.map(({ id }) => id),
  )
  const stop = keepWriting(() => {
    for (const { guest } of vms) guest.write(1)
  }, 40)
  const points: Point[] = []
  for (let round = 0; round <= INCREMENTALS; round += 1) {
    for (const { guest } of vms) guest.write(5)
    const outcome = await stage.run('consistency-group-backup', { groupId })
    expect(outcome).toMatchObject({ status: 'succeeded', owed: [] })
    points.push(...(outcome.outputs as unknown as { points: readonly Point[] }).points)
  }
  stop()
  return points
}

function contentOf(stage: Stage, snapshotId: string, serverId: string, disk: string): Buffer {
  const held = stage.scp.snapshotDisk(snapshotId, serverId, disk)
  if (!held) throw new Error(`the simulator does not know snapshot ${snapshotId} any more`)
  const content = Buffer.alloc(held.sizeBytes)
  held.read(0, content)
  return content
}

describe.skipIf(!peer('qemu-img', 'qemu-utils'))('a full backup and its incrementals', () => {
  test('give back every disk of every point as the snapshot held it: cmp and qemu-img compare agree (P8)', {
    timeout: 180_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-chain-'))
    try {
      await using stage = await startStage()
      const points = await backUpAgainAndAgain(stage)
      expect(points.map(({ level }) => level)).toEqual(['full', 'full', ...Array(2 * INCREMENTALS).fill('incremental')])
      await using server = await exportVault(stage.vault, { listen: { host: '127.0.0.1', port: 0 } })
      const [wanted, restored] = [join(folder, 'snapshot.raw'), join(folder, 'restored.raw')]
      for (const { pointId, serverId } of points) {
        const { platform, disks } = await stage.vault.point(pointId)
        for (const { disk } of disks) {
          writeFileSync(wanted, contentOf(stage, (platform as { snapshotId: string }).snapshotId, serverId, disk))
          rmSync(restored, { force: true })
          await stage.vault.restoreDisk({ pointId, disk, target: { kind: 'file', path: restored } })
          await run('cmp', [wanted, restored])
          const url = `nbd://127.0.0.1:${server.port}/${pointId}/${disk}`
          const { stdout } = await run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', wanted, url])
          expect(stdout).toContain('identical')
        }
      }
      // The judge can say no.
      writeFileSync(wanted, Buffer.alloc(5 * MIB + 512, 1))
      await expect(run('cmp', [wanted, restored])).rejects.toMatchObject({ code: 1 })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
