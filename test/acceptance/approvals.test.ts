// An operator is asked, away from the process that asks: killed meanwhile, answered while nobody performs the run, taken up again.
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { holdfast, startHoldfast } from './holdfast.ts'
import { openLab } from './lab.ts'

/** What it takes is its caller's to hold. */
const SNAP = `runbook: 1
name: team/snap-group
version: 1.0.0
use:
  scp: sangfor-scp@^1.0.0
targets:
  site: scp/Connection
inputs:
  type: object
  required: [groupId]
  properties: { groupId: { type: string } }
steps:
  - id: snap
    uses: scp/groupSnapshot.create
    with:
      cloud: \${ targets.site }
      groupId: \${ inputs.groupId }
      name: \${ "lab-" & run.id }
outputs:
  handle: \${ steps.snap.handle }
`

const ASK = `runbook: 1
name: team/ask
version: 1.0.0
use:
  scp: sangfor-scp@^1.0.0
targets:
  cloud: scp/Connection
inputs:
  type: object
  required: [groupId]
  properties: { groupId: { type: string } }
steps:
  - id: work
    scope:
      steps:
        - id: snap
          runbook: team/snap-group@^1.0.0
          with: { groupId: '\${ inputs.groupId }' }
          targets: { site: cloud }
        - id: gate
          approve:
            prompt: \${ "Go on with " & steps.snap.handle.name & "?" }
            by: [ann, ben]
            timeout: 1h
            inputs:
              type: object
              additionalProperties: false
              required: [ticket]
              properties: { ticket: { type: string } }
      yield:
        said: \${ steps.gate.by & ", " & steps.gate.inputs.ticket }
outputs:
  said: \${ steps.work.said }
`

async function openTeam() {
  const lab = await openLab()
  mkdirSync(join(lab.folder, 'team'))
  writeFileSync(join(lab.folder, 'team/pack.yaml'), 'pack: 1\nname: team\nversion: 1.0.0\ntitle: Our own runbooks\nactions: {}\n')
  writeFileSync(join(lab.folder, 'team/snap-group.runbook.yaml'), SNAP)
  writeFileSync(join(lab.folder, 'team/ask.runbook.yaml'), ASK)
  appendFileSync(join(lab.folder, 'holdfast.config.yaml'), 'packs: [team]\n')
  return lab
}

test('P2: a run that waits for an approval is killed, answered while nobody performs it, and resumed to its end', async () => {
  await using lab = await openTeam()
  const where = { cwd: lab.folder, env: lab.env }
  const run = startHoldfast(where, 'run', 'team/ask', '-i', `groupId=${lab.groupId}`)
  const printed = await run.says('waits for approval by ann or ben')
  const id = /run (\S+) of team\/ask started/.exec(printed)?.[1] ?? ''
  const command = `holdfast approve ${id} work/gate -i ticket=… --by …`
  expect(printed).toContain(`Go on with lab-${id}?; answer with: ${command}`)
  run.child.kill('SIGKILL')
  await run.ended
  expect(lab.scp.leaks()).toHaveLength(1)

  expect((await holdfast(where, 'approvals')).stdout).toContain(command)
  const eve = await holdfast(where, 'approve', id, '-i', 'ticket=T-1', '--by', 'eve')
  expect({ exitCode: eve.exitCode, said: /APPROVER_NOT_LISTED/.test(eve.stderr) }).toEqual({ exitCode: 2, said: true })
  const granted = await holdfast(where, 'approve', id, '-i', 'ticket=T-1', '--by', 'ann')
  expect(granted).toEqual({
    exitCode: 0,
    stdout: `granted work/gate of run ${id} as ann; no process performs the run: \`holdfast resume ${id}\` goes on with it\n`,
    stderr: '',
  })

  // The files have changed: the run goes on by the texts that it is pinned to.
  writeFileSync(join(lab.folder, 'team/snap-group.runbook.yaml'), 'not a runbook any more\n')
  const resumed = await holdfast(where, 'resume', id)
  expect(resumed.stderr).toBe('')
  expect(resumed.stdout).toContain('work/gate  approved by ann (ticket T-1)')
  expect(resumed.stdout).toContain('work/snap/snap  released')
  expect(resumed.stdout).toContain('said: ann, T-1')
  expect({ exitCode: resumed.exitCode, leaks: lab.scp.leaks() }).toEqual({ exitCode: 0, leaks: [] })
})
