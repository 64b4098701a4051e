// A release that keeps failing is never forgotten: it is shown, has its own exit code, and reap settles it later.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { fastClock } from '../../src/engine/index.ts'
import { createTestHost } from '../cli/test-host.ts'
import { type Lab, openLab } from './lab.ts'

/** In this process, because a release is retried for a minute: on a clock that runs faster. */
async function command(lab: Lab, ...args: string[]) {
  const { host, printed } = createTestHost(lab.folder, lab.env)
  return { exitCode: await runCli(args, { ...host, clock: async () => fastClock(50) }), ...printed }
}

const BRIEF = `runbook: 1
name: lab/brief
version: 1.0.0
use:
  scp: sangfor-scp@^1.0.0
targets:
  cloud: scp/Connection
inputs:
  type: object
  required: [groupId]
  properties:
    groupId: { type: string }
steps:
  - id: snap
    uses: scp/groupSnapshot.create
    with:
      cloud: \${ targets.cloud }
      groupId: \${ inputs.groupId }
      name: \${ "lab-" & run.id }
`

test('P2: what a run could not release stays owed until reap settles it', async () => {
  await using lab = await openLab()
  writeFileSync(join(lab.folder, 'brief.runbook.yaml'), BRIEF)
  lab.scp.faults.add({ operation: 'deleteConsistencyGroupSnapshot', does: 'status', status: 500, times: 1000 })

  const run = await command(lab, 'run', 'brief.runbook.yaml', '-i', `groupId=${lab.groupId}`)
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
