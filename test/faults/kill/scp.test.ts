// The group backup, killed after each journal record and resumed: no leak on the platform, and a vault whose points are whole.
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openJournal } from '../../../src/journal/index.ts'
import { type ScpSimulator, startScpSimulator } from '../../../src/platforms/sangfor-scp/simulator/index.ts'
import { type Json, Secret } from '../../../src/values/index.ts'
import { initVault, openVault } from '../../../src/vault/index.ts'
import { killAtEachRecord } from './kill.ts'
import type { ScpSceneFile } from './scp.scene.ts'

/** A lease of five minutes takes 15 seconds: long enough for another process to start on a busy machine. */
const RATE = 20
const PASSWORD = 'correct horse'
const DISK_BYTES = 2 ** 20
/** All records in continuous integration, and wherever HOLDFAST_KILL=all; otherwise a sample. */
const STRIDE = process.env.CI || process.env.HOLDFAST_KILL === 'all' ? 1 : 12

let root: string
let scp: ScpSimulator
const members = new Map<string, readonly { readonly id: string; readonly bytes: Buffer }[]>()

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-kill-scp-'))
  scp = await startScpSimulator({ seed: 'kill', rate: RATE, behaviour: { taskWaitMs: 0, taskRunMs: 200, visibleAfterMs: 100 } })
  await initVault(join(root, 'vault'), new Secret(PASSWORD))
})
afterAll(async () => {
  await scp[Symbol.asyncDispose]()
  await rm(root, { recursive: true })
})

/** A group of two VMs and an empty vault for one record. */
async function folderOf(record: number): Promise<string> {
  const folder = join(root, String(record))
  await mkdir(folder)
  await cp(join(root, 'vault'), join(folder, 'vault'), { recursive: true })
  const vms = [1, 2].map((n) => {
    const bytes = Buffer.alloc(DISK_BYTES)
    bytes.fill(`record ${record}, vm ${n}; `, n * 100_000, n * 100_000 + 200_000)
    return { id: scp.addVm({ name: `vm-${record}-${n}`, disks: [{ bytes }] }).id, bytes }
  })
  members.set(folder, vms)
  const [settings, secrets]: [Record<string, Json>, Record<string, string>] = [{}, {}]
  for (const [name, value] of Object.entries(scp.settings)) {
    if (value instanceof Secret) secrets[name] = value.reveal()
    else settings[name] = value
  }
  const groupId = scp.addGroup(
    `group-${record}`,
    vms.map(({ id }) => id),
  )
  const scene: ScpSceneFile = { settings, secrets, groupId, vaultPassword: PASSWORD, rate: RATE }
  await writeFile(join(folder, 'scene.json'), JSON.stringify(scene), { mode: 0o600 })
  return folder
}

it('a group backup killed after any record leaks nothing, and every point in the vault is whole (P1, P2, P3, P7)', async () => {
  const killed = await killAtEachRecord('scp', { folderOf, stride: STRIDE })
  let succeeded = 0
  let points = 0
  for (const { folder, record } of killed) {
    const label = `killed after record ${record}`
    await using journal = openJournal(join(folder, 'journal.sqlite'))
    const [run] = await journal.runs()
    expect(run?.outcome?.owed, label).toEqual([])
    expect(await journal.obligations({ open: true }), label).toEqual([])
    expect(await journal.locks(), label).toEqual([])
    if (run?.status === 'succeeded') succeeded += 1
    else console.log(label, JSON.stringify(run?.outcome))

    await using vault = await openVault(join(folder, 'vault'), new Secret(PASSWORD))
    const { damagedPoints, problems } = await vault.verify({ data: true })
    expect([damagedPoints, problems], label).toEqual([[], []])
    for (const { id, bytes } of members.get(folder) ?? []) {
      const [point, another] = await vault.points({ vm: id })
      expect(another, label).toBeUndefined()
      if (run?.status === 'succeeded') expect(point, label).toBeDefined()
      if (!point) continue
      await using disk = await vault.openDisk(point.id, 'ide0')
      const stored = Buffer.alloc(bytes.length)
      await disk.read(0, stored)
      expect(stored.equals(bytes), label).toBe(true)
      points += 1
    }
  }
  console.log(
    `killed and resumed ${killed.length} group backups (every ${STRIDE} records); ${succeeded} succeeded, ${points} points are whole`,
  )
  expect(killed.length).toBeGreaterThan(0)
  expect(scp.leaks()).toEqual([])
  expect(scp.violations).toEqual([])
}, 900_000)
