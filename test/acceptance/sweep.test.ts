// `holdfast sweep`: what stands on a simulated platform against the ledger, with a leak as canary.
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { send } from '../platforms/sangfor-scp/harness.ts'
import { commandLater, type Lab, openLab, runBriefly } from './lab.ts'

/** What stands on the platform then is no run's fresh one. */
const HOUR_MS = 3_600_000

/** Behind Holdfast's back. */
async function snapshotByHand(lab: Lab, name: string): Promise<void> {
  const path = `/janus/20180725/consistency-groups/${lab.groupId}/snapshots`
  expect((await send(lab.scp, 'POST', path, { body: { name }, clientToken: randomUUID() })).status).toBe(201)
  expect(JSON.stringify(lab.scp.state().snapshots)).toContain(name)
}

/** Without the columns' widths. */
const rows = (stdout: string): readonly string[] => stdout.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | '))

test('P2: a sweep tells what is held from a leak, from what another journal holds, and from what is not ours; it only reads', async () => {
  await using lab = await openLab()
  const started = await runBriefly(lab)
  const leaked = /run (\d{6}-\d{6}-[0-9a-f]{6})/.exec(started.stdout)?.[1] ?? ''
  expect(started.exitCode).toBe(0)
  expect(await commandLater(lab, HOUR_MS, 'sweep', 'cloud')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('nothing was touched'),
  })

  // The canary: a run has released it, and there it stands.
  await snapshotByHand(lab, `holdfast-${leaked}`)
  await snapshotByHand(lab, 'holdfast-200101-000000-abcdef')
  await snapshotByHand(lab, 'before the update')
  lab.scp.faults.add({ operation: 'deleteConsistencyGroupSnapshot', does: 'status', status: 500, times: 1000 })
  const owing = await runBriefly(lab)
  const held = /holdfast reap (\S+)/.exec(owing.stdout)?.[1] ?? ''

  lab.scp.calls.length = 0
  const { exitCode, stdout, stderr } = await commandLater(lab, HOUR_MS, 'sweep', 'cloud')
  expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr: '' })
  expect(stdout).toMatch(/^LEAK: \d+ made by runs of this journal/)
  const group = (name: string): string => `sangfor-scp/GroupSnapshot | groupId ${lab.groupId}, name ${name}`
  expect(rows(stdout)).toEqual(
    expect.arrayContaining([
      `LEAK | ${leaked} | ${group(`holdfast-${leaked}`)}`,
      `of another journal | 200101-000000-abcdef | ${group('holdfast-200101-000000-abcdef')}`,
      `held | ${held} | ${group(`holdfast-${held}`)}`,
    ]),
  )
  expect(stdout).not.toContain('before the update')
  expect(lab.scp.calls.length).toBeGreaterThan(0)
  expect(lab.scp.calls.filter(({ method }) => method !== 'GET')).toEqual([])
  for (const secret of lab.secrets) expect(stdout).not.toContain(secret)

  expect((await commandLater(lab, HOUR_MS, 'sweep', 'cloud', '--all')).stdout).toContain('before the update')
  expect((await commandLater(lab, HOUR_MS, 'sweep', 'clud')).stderr).toContain('error[TARGET_NOT_FOUND]')

  // Somebody lost the journal: nothing is known to be a leak any more, but all of it is named.
  rmSync(join(lab.folder, '.holdfast'), { recursive: true })
  const lost = await commandLater(lab, HOUR_MS, 'sweep', 'cloud', '--format', 'json')
  const { found } = JSON.parse(lost.stdout) as { found: { verdict: string; run?: string; resource: string }[] }
  const foreign = found.filter(({ resource, verdict }) => resource === 'sangfor-scp/GroupSnapshot' && verdict === 'foreign')
  expect(foreign.map(({ run }) => run).toSorted()).toEqual(['200101-000000-abcdef', leaked, held].toSorted())
  expect(lost.exitCode).toBe(0)
})

test('what cannot be looked at is named, and the rest is told all the same', async () => {
  await using lab = await openLab()
  await snapshotByHand(lab, 'holdfast-200101-000000-abcdef')
  lab.scp.faults.add({ operation: 'listSnapshots', does: 'status', status: 403, times: 1 })
  const { exitCode, stdout } = await commandLater(lab, HOUR_MS, 'sweep', 'cloud')
  expect(exitCode).toBe(1)
  expect(stdout).toMatch(/not looked at: sangfor-scp\/snapshot\.list serverId \S+: notPermitted/)
  expect(stdout).toContain('200101-000000-abcdef')
})
