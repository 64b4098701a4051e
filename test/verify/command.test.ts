// `holdfast verify` as people call it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { createTestHost } from '../cli/test-host.ts'

async function verify(...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-verify-'))
  try {
    const { host, printed } = createTestHost(folder)
    return { exitCode: await runCli(['verify', 'sangfor-scp/cbt-enable', ...args], host), ...printed }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('a runbook without a violation is done, with its figures and what they rest on', async () => {
  const { exitCode, stdout } = await verify('--faults', '1')
  expect(exitCode).toBe(0)
  expect(stdout).toContain('no violation\n')
  expect(stdout).toMatch(/\d+ states, \d+ transitions, at most \d+ moves deep, .* states\/s/)
  expect(stdout).toContain('assumed:\n  manifests tell the truth')
})

test('a search that was cut short says so', async () => {
  expect((await verify('--states', '5')).stdout).toContain('NOT COMPLETE')
})

test('programs get the verdict and the matrix as JSON', async () => {
  expect(JSON.parse((await verify('--faults', '1', '--format', 'json')).stdout)).toMatchObject({ complete: true, stories: [] })
  const { rows } = JSON.parse((await verify('--table', '--format', 'json')).stdout)
  expect(rows).toContainEqual({
    path: 'vms/one/tracking',
    happens: 'the operator cancels the run',
    results: ['cancelled'],
    guest: ['never frozen'],
    consistency: ['none'],
    remains: [],
    alert: false,
  })
})

test('moves of another runbook are refused', async () => {
  const { exitCode, stderr } = await verify('--replay', '0.99')
  expect(exitCode).toBe(2)
  expect(stderr).toContain('these moves belong to another runbook')
})

test('a check verifies what has no errors, remembers it, and the plan says so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-verify-'))
  try {
    const holdfast = async (...args: string[]) => {
      const { host, printed } = createTestHost(folder)
      return { exitCode: await runCli(args, host), stdout: printed.stdout }
    }
    const check = (...args: string[]) => holdfast('check', '--verify', '--faults', '1', 'sangfor-scp/cbt-enable', ...args)
    const plan = () => holdfast('plan', 'sangfor-scp/cbt-enable')
    expect((await plan()).stdout).toContain('not verified')
    expect(await check()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('verified: 1 fault, 2 items') })
    expect((await check()).stdout).toContain('verified before: 1 fault, 2 items')
    expect((await plan()).stdout).toContain('1 fault, 2 items: nothing is left behind')
    expect((await check('--items', '1')).stdout).toContain('verified: 1 fault, 1 item')
    expect((await check('--states', '5', '--items', '3')).stdout).toContain('VERIFY_INCOMPLETE')
    // Giving up is remembered too, until more is allowed.
    expect((await check('--states', '5', '--items', '3')).stdout).toContain('VERIFY_INCOMPLETE')
    expect((await plan()).stdout).toContain('not verified')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
