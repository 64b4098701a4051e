// A release that keeps failing is never forgotten: it is shown, has its own exit code, and reap settles it later.
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { send } from '../platforms/sangfor-scp/harness.ts'
import { command, commandLater, type Lab, openLab, runBriefly } from './lab.ts'

test('P2: what a run could not release stays owed until reap settles it', async () => {
  await using lab = await openLab()
  lab.scp.faults.add({ operation: 'deleteConsistencyGroupSnapshot', does: 'status', status: 500, times: 1000 })

  const run = await runBriefly(lab)
  const id = /settle it with: holdfast reap (\S+)/.exec(run.stdout)?.[1] ?? ''
  expect({ exitCode: run.exitCode, owed: /STILL OWED sangfor-scp\/GroupSnapshot/.test(run.stdout) }).toEqual({
    exitCode: 5,
    owed: true,
  })
  expect((await command(lab, 'runs')).stdout).toMatch(new RegExp(`${id}\\s+\\w+, owing`))
  expect((await command(lab, 'obligations')).stdout).toMatch(/owed .* sangfor-scp\/GroupSnapshot/)
  expect(lab.scp.leaks()).toHaveLength(1)

  lab.scp.faults.clear()
  const reaped = await command(lab, 'reap')
  expect(reaped.stdout).toContain('snap  released')
  expect({ exitCode: reaped.exitCode, leaks: lab.scp.leaks() }).toEqual({ exitCode: 0, leaks: [] })
  expect((await command(lab, 'reap')).stdout).toBe('nothing is owed\n')
})

/** An operator tidied up by hand, on the platform. */
async function deleteByHand(lab: Lab): Promise<void> {
  const snapshots = `/janus/20180725/consistency-groups/${lab.groupId}/snapshots`
  const { data } = (await send(lab.scp, 'GET', snapshots)).json
  const [{ id = '' } = {}] = (data?.data ?? []) as { id?: string }[]
  await send(lab.scp, 'DELETE', `${snapshots}/${id}`)
  expect(lab.scp.state().snapshots).toEqual([])
}

test('P2: what somebody else has deleted meanwhile is settled by reap, without a failure', async () => {
  await using lab = await openLab()
  lab.scp.faults.add({ operation: 'deleteConsistencyGroupSnapshot', does: 'status', status: 500, times: 1000 })
  await runBriefly(lab)
  lab.scp.faults.clear()
  await deleteByHand(lab)

  const reaped = await command(lab, 'reap')
  expect(reaped).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining('snap  released') })
  expect((await command(lab, 'obligations')).stdout).toBe('nothing is held on any platform\n')
})

test('P2: also where the platform does not say that it is gone, but keeps refusing: the look-up tells', async () => {
  await using lab = await openLab()
  lab.scp.faults.add({ operation: 'deleteConsistencyGroupSnapshot', does: 'status', status: 400, times: 1000 })
  const run = await runBriefly(lab)
  expect(run.exitCode).toBe(5)
  const stillThere = await commandLater(lab, 600_000, 'reap')
  expect(stillThere).toMatchObject({ exitCode: 5, stdout: expect.stringContaining('STILL OWED') })
  lab.scp.faults.clear()
  await deleteByHand(lab)
  lab.scp.faults.add({ operation: 'deleteConsistencyGroupSnapshot', does: 'status', status: 400, times: 1000 })

  const reaped = await commandLater(lab, 1_200_000, 'reap')
  expect(reaped).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining('snap  released') })
})

test('P2: a run that ends owing tells the hooks, and a hook that fails changes nothing about its end', async () => {
  await using lab = await openLab()
  appendFileSync(
    join(lab.folder, 'holdfast.config.yaml'),
    `alerts:
  hooks:
    - command: ['${process.execPath}', -e, "require('fs').writeFileSync('told', require('fs').readFileSync(0))"]
    - command: [no-such-program-anywhere]
`,
  )
  lab.scp.faults.add({ operation: 'deleteConsistencyGroupSnapshot', does: 'status', status: 500, times: 1000 })
  const run = await runBriefly(lab)
  expect(run.exitCode).toBe(5)
  expect(run.stderr).toContain('warning[ALERT_FAILED]: the command no-such-program-anywhere was not told')
  const told = readFileSync(join(lab.folder, 'told'), 'utf8')
  expect(JSON.parse(told)).toMatchObject({ obligations: [{ path: 'snap', because: 'runEnded', owed: true, targets: ['cloud'] }] })
  for (const secret of lab.secrets) expect(told).not.toContain(secret)
})
