// The way of a change ticket: plan, have it approved, run what was approved, and show afterwards that nothing else was done.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { createTestHost } from '../cli/test-host.ts'
import { type Lab, openLab } from './lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await openLab()
  expect((await holdfast('vault', 'init', 'vault')).exitCode).toBe(0)
})
afterAll(() => lab[Symbol.asyncDispose]())

async function holdfast(...args: string[]) {
  const { host, printed } = createTestHost(lab.folder, lab.env)
  const exitCode = await runCli(args, host)
  return { exitCode, ...printed }
}

const RUNBOOK = 'sangfor-scp/consistency-group-backup'
const planInto = (file: string) => holdfast('plan', RUNBOOK, '-i', `groupId=${lab.groupId}`, '--read', '-o', file)
/** Calls that may change something. */
const changes = () => lab.scp.calls.filter(({ method }) => method !== 'GET').length

describe('a plan that a run is held to', () => {
  test('is saved for its owner alone, without a secret, and reading for it changed nothing (P11)', async () => {
    const { exitCode, stderr } = await planInto('plan.json')
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: `saved as plan.json; hold a run to it with: holdfast run ${RUNBOOK} --plan plan.json\n`,
    })
    expect(statSync(join(lab.folder, 'plan.json')).mode & 0o777).toBe(0o600)
    expect(readdirSync(lab.folder).filter((name) => name.startsWith('plan.json'))).toEqual(['plan.json'])
    const text = readFileSync(join(lab.folder, 'plan.json'), 'utf8')
    for (const secret of lab.secrets) expect(text).not.toContain(secret)
    expect(changes()).toBe(0)
  })

  test('refuses other inputs and targets by name, before anything is asked', async () => {
    const asked = lab.scp.calls.length
    const input = await holdfast('run', RUNBOOK, '--plan', 'plan.json', '-i', 'groupId=other', '-i', 'azId=a')
    expect(input.exitCode).toBe(2)
    expect(input.stderr).toContain(
      `error[PLAN_INPUT_DIFFERS]: input groupId is "${lab.groupId}" in the plan, and "other" is given`,
    )
    expect(input.stderr).toContain('error[PLAN_INPUT_DIFFERS]: input azId is given, and the plan was made without it')
    const target = await holdfast('run', RUNBOOK, '--plan', 'plan.json', '--target', 'cloud=elsewhere')
    expect(target.stderr).toContain(
      'error[PLAN_TARGET_DIFFERS]: target cloud is bound to cloud in the plan, and to elsewhere here',
    )
    expect(lab.scp.calls.length).toBe(asked)
  })

  test('runs as planned; shown beside the run, every call is in it (P10)', async () => {
    expect((await planInto('again.json')).exitCode).toBe(0)
    expect((await holdfast('plan', 'again.json', '--diff', 'plan.json')).exitCode).toBe(0)
    const ran = await holdfast('run', RUNBOOK, '--plan', 'plan.json')
    expect(ran.exitCode).toBe(0)
    const [, id = ''] = /run (\S+) of/.exec(ran.stdout) ?? []
    const shown = await holdfast('show', id, '--plan', 'plan.json')
    expect(shown.exitCode).toBe(0)
    expect(shown.stdout).toMatch(/^\d+ calls, all of them in the plan$/m)
    expect(shown.stdout).toMatch(/^backup\/moment\/snap +will +succeeded/m)
    expect(shown.stdout).toMatch(/^backup\/moment\/snap +released/m)
    expect(shown.stdout).toMatch(/changes!catch\/reset +onFailure +not reached/)
    const { unlisted, setUp, isBug } = JSON.parse((await holdfast('show', id, '--plan', 'plan.json', '--format', 'json')).stdout)
    expect({ unlisted, setUp, isBug }).toEqual({ unlisted: [], setUp: [], isBug: false })
  })

  test('is refused once things have moved, each by name, and nothing is touched', async () => {
    const before = changes()
    const { exitCode, stderr } = await holdfast('run', RUNBOOK, '--plan', 'plan.json')
    expect(exitCode).toBe(6)
    expect(changes()).toBe(before)
    const said = [...stderr.matchAll(/^error\[PLAN_DRIFTED\]: (.*)$/gm)].map(([, text]) => text)
    expect(said).toHaveLength(4)
    expect(said.filter((each) => each?.includes('/enable would not run any more: sangfor-scp/cbt.enable (mutate)'))).toHaveLength(
      2,
    )
    expect(
      said.filter((each) => each?.includes('/one/commit: the newest restore point so far was nothing in the plan')),
    ).toHaveLength(2)
  })

  test('is compared with what would be done now, for people, programs and tickets', async () => {
    const now = ['plan', RUNBOOK, '--diff', 'plan.json', '--read']
    const text = await holdfast(...now)
    expect(text.exitCode).toBe(6)
    expect(text.stdout).toMatch(/^ {2}- backup\/tracking\[.*\]\/enable {2}sangfor-scp\/cbt\.enable \(mutate\)/m)
    const { same, changes: found } = JSON.parse((await holdfast(...now, '--format', 'json')).stdout)
    expect(same).toBe(false)
    expect(found).toContainEqual(expect.objectContaining({ about: 'step', kind: 'removed', was: expect.anything() }))
    expect((await holdfast(...now, '--format', 'markdown')).stdout).toMatch(/^```diff\n- backup/m)
  })

  test('is refused when the runbook was edited since', async () => {
    const edited = lab.hold.replace('1h', '2h')
    await holdfast('plan', 'hold.runbook.yaml', '-i', `groupId=${lab.groupId}`, '-o', 'hold.json')
    writeFileSync(join(lab.folder, 'hold.runbook.yaml'), edited)
    const { exitCode, stderr } = await holdfast('run', 'hold.runbook.yaml', '--plan', 'hold.json')
    expect({ exitCode, stderr }).toEqual({
      exitCode: 6,
      stderr: expect.stringContaining('error[PLAN_DOCUMENT_CHANGED]: the runbook has changed since the plan was made'),
    })
  })

  test('does not explain a run that was set up otherwise: that is said first', async () => {
    await holdfast('plan', RUNBOOK, '-i', 'groupId=other', '-o', 'other.json')
    const [{ run }] = JSON.parse((await holdfast('runs', '--format', 'json')).stdout)
    const { stdout, exitCode } = await holdfast('show', run, '--plan', 'other.json')
    expect(exitCode).toBe(0)
    const other = await holdfast('show', run, '--plan', 'hold.json')
    expect(other).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('hold.json is a plan of lab/hold, not of sangfor-scp/'),
    })
    expect(stdout).toContain(`the run was set up otherwise: input groupId  "other" → "${lab.groupId}"`)
  })

  test('shows a call that it does not list as the mistake that it would be: the canary', async () => {
    const [{ run }] = JSON.parse((await holdfast('runs', '--format', 'json')).stdout)
    const { sha256: _, ...plan } = JSON.parse(readFileSync(join(lab.folder, 'plan.json'), 'utf8'))
    const { planAsJson } = await import('../../src/plan/index.ts')
    type Step = { id: string; steps?: Step[] }
    const withoutSnap = (steps: Step[]): Step[] =>
      steps.filter(({ id }) => id !== 'snap').map((step) => (step.steps ? { ...step, steps: withoutSnap(step.steps) } : step))
    const without = { ...plan, steps: withoutSnap(plan.steps) }
    writeFileSync(join(lab.folder, 'without.json'), planAsJson(without))
    const { stdout, exitCode } = await holdfast('show', run, '--plan', 'without.json')
    expect(exitCode).toBe(70)
    expect(stdout).toContain('NOT IN THE PLAN, and nothing explains it. This is a mistake in Holdfast')
    expect(stdout).toContain('backup/moment/snap: sangfor-scp/groupSnapshot.create')
  })
})
