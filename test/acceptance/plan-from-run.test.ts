// Plans that take an earlier run's answers for granted: what they know then, and what they refuse.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import type { Plan } from '../../src/plan/index.ts'
import { createTestHost } from '../cli/test-host.ts'
import { type Lab, openLab } from './lab.ts'

let lab: Lab
let serverId: string
beforeAll(async () => {
  lab = await openLab()
  serverId = lab.scp.addVm({ name: 'three', disks: [{ sizeBytes: 16 * 2 ** 20, files: { 'A.TXT': 'three' } }] }).id
  expect((await holdfast('vault', 'init', 'vault')).exitCode).toBe(0)
})
afterAll(() => lab[Symbol.asyncDispose]())

async function holdfast(...args: string[]) {
  const { host, printed } = createTestHost(lab.folder, lab.env)
  const exitCode = await runCli(args, host)
  return { exitCode, ...printed }
}

const RUNBOOK = 'sangfor-scp/vm-backup'

describe('holdfast plan', () => {
  test('leaves no trace where nothing has ever run', async () => {
    expect((await holdfast('plan', RUNBOOK)).exitCode).toBe(0)
    expect(existsSync(join(lab.folder, '.holdfast'))).toBe(false)
  })

  test('--from takes inputs, targets and answers of an earlier run, and --rate tells how long its bytes take', async () => {
    const ran = await holdfast('run', RUNBOOK, '-i', `serverId=${serverId}`, '-i', 'full=true')
    expect(ran.exitCode).toBe(0)
    const [, id = ''] = /run (\S+) of/.exec(ran.stdout) ?? []
    const asked = lab.scp.calls.length
    const { exitCode, stdout } = await holdfast('plan', RUNBOOK, '--from', id, '--rate', '1MiB/s', '--format', 'json')
    expect(exitCode, stdout).toBe(0)
    const plan = JSON.parse(stdout) as Plan
    expect(plan.basis).toEqual({ kind: 'run', run: id })
    expect(plan.inputs).toEqual({ serverId, full: true })
    expect(plan.totals.bytes).toBeGreaterThan(0)
    expect(plan.totals.points).toMatchObject([{ vm: serverId, level: 'full', consistency: 'crash' }])
    expect(plan.totals.duration?.from).toEqual({ kind: 'rate', bytesPerSecond: 2 ** 20 })
    expect(Object.keys(plan.pins)).toContain('openapi:sangfor-scp')
    expect(lab.scp.calls.length).toBe(asked)
    const other = await holdfast('plan', 'sangfor-scp/cbt-enable', '--from', id)
    expect(other.exitCode).toBe(2)
    expect(other.stderr).toContain(`error[PLAN_RUNBOOK_DIFFERS]: ${id} is a run of ${RUNBOOK}, not of sangfor-scp/cbt-enable`)
  })

  test('refuses runs that are not there, rates that are none, and two sources of knowledge at once', async () => {
    expect((await holdfast('plan', RUNBOOK, '--from', 'nothing')).stderr).toContain('error[RUN_NOT_FOUND]')
    expect((await holdfast('plan', RUNBOOK, '--rate', 'fast')).stderr).toContain('It must be a size such as 200MiB/s.')
    expect((await holdfast('plan', RUNBOOK, '--read', '--from', 'x')).exitCode).toBe(2)
  })
})
