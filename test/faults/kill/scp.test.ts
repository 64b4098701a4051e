// The group backup, killed at its journal's records and at its calls, and resumed: no leak on the platform, whole points in the vault.
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openJournal } from '../../../src/journal/index.ts'
import { type ScpSimulator, startScpSimulator } from '../../../src/platforms/sangfor-scp/simulator/index.ts'
import { type Json, Secret } from '../../../src/values/index.ts'
import { initVault, openVault } from '../../../src/vault/index.ts'
import { killAtEach, takesAll } from './kill.ts'
import type { ScpSceneFile } from './scp.scene.ts'

/** A lease of five minutes takes 15 seconds: long enough for another process to start on a busy machine. */
const RATE = 20
const PASSWORD = 'correct horse'
const DISK_BYTES = 2 ** 20
const STRIDE = takesAll ? 1 : 16

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

/** A group of two VMs and an empty vault for one run. */
async function folderOf(name: string): Promise<string> {
  const folder = join(root, name)
  await mkdir(folder)
  await cp(join(root, 'vault'), join(folder, 'vault'), { recursive: true })
  const vms = [1, 2].map((n) => {
    const bytes = Buffer.alloc(DISK_BYTES)
    bytes.fill(`${name}, vm ${n}; `, n * 100_000, n * 100_000 + 200_000)
    return { id: scp.addVm({ name: `${name}-vm-${n}`, disks: [{ bytes }] }).id, bytes }
  })
  members.set(folder, vms)
  const settings: Record<string, Json> = {}
  const secrets: Record<string, string> = {}
  for (const [key, value] of Object.entries(scp.settings)) {
    if (value instanceof Secret) secrets[key] = value.reveal()
    else settings[key] = value
  }
  const ids = vms.map(({ id }) => id)
  const scene: ScpSceneFile = { settings, secrets, groupId: scp.addGroup(name, ids), vaultPassword: PASSWORD, rate: RATE }
  await writeFile(join(folder, 'scene.json'), JSON.stringify(scene), { mode: 0o600 })
  return folder
}

/** Answers how many points the vault holds; each is held against its VM's disk. */
async function judgeVault(folder: string, isComplete: boolean, label: string): Promise<number> {
  await using vault = await openVault(join(folder, 'vault'), new Secret(PASSWORD))
  const { damagedPoints, problems } = await vault.verify({ data: true })
  expect([damagedPoints, problems], label).toEqual([[], []])
  let count = 0
  for (const { id, bytes } of members.get(folder) ?? []) {
    const points = await vault.points({ vm: id })
    if (isComplete) expect(points, label).toHaveLength(1)
    for (const point of points) {
      await using disk = await vault.openDisk(point.id, 'ide0')
      const stored = Buffer.alloc(bytes.length)
      await disk.read(0, stored)
      expect(stored.equals(bytes), label).toBe(true)
      count += 1
    }
  }
  return count
}

it.each(['record', 'call'] as const)(
  'a group backup killed at any %s leaks nothing, and every point in the vault is whole (P1, P2, P3, P7)',
  async (point) => {
    const killed = await killAtEach('scp', { point, folderOf, stride: STRIDE })
    let succeeded = 0
    let points = 0
    for (const { folder, count } of killed) {
      const label = `killed at ${point} ${count}`
      await using journal = openJournal(join(folder, 'journal.sqlite'))
      const [run] = await journal.runs()
      const isComplete = run?.status === 'succeeded'
      expect(run?.outcome?.owed, label).toEqual([])
      expect(await journal.obligations({ open: true }), label).toEqual([])
      expect(await journal.locks(), label).toEqual([])
      points += await judgeVault(folder, isComplete, label)
      if (isComplete) succeeded += 1
      else console.log(label, run?.outcome?.failure?.message)
    }
    const which = STRIDE === 1 ? `one at each ${point}` : `one at every ${STRIDE}th ${point}; HOLDFAST_KILL=all takes each`
    console.log(`killed and resumed ${killed.length} group backups, ${which}: ${succeeded} succeeded, ${points} points are whole`)
    expect(killed.length).toBeGreaterThan(1)
    expect(scp.leaks()).toEqual([])
    expect(scp.violations).toEqual([])
  },
  900_000,
)
