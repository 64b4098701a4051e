// The guide to calling runbooks is true: its files check, plan and lock, and what is wrong in a called one is told at its own place.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { createTestHost } from './test-host.ts'

const guide = readFileSync(join(import.meta.dirname, '../../docs/guide/calling-runbooks.md'), 'utf8')
const files = [...guide.matchAll(/^```yaml (\S+)\n([\s\S]*?)^```$/gm)].map(([, name = '', text = '']) => ({ name, text }))

const CALLER = 'team/checked-change'
const CALLED = 'team/group-snapshot'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-calling-'))
  writeFileSync(join(folder, 'holdfast.config.yaml'), 'config: 1\npacks: [team]\n')
  for (const { name, text } of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function command(...args: string[]) {
  const { host, printed } = createTestHost(folder)
  return { exitCode: await runCli(args, host), ...printed }
}

function edit(runbook: string, change: (text: string) => string): void {
  const file = join(folder, `${runbook}.runbook.yaml`)
  writeFileSync(file, change(readFileSync(file, 'utf8')))
}

describe('runbooks that call runbooks', () => {
  test('check without a word, each by itself and together', async () => {
    expect(files.map(({ name }) => name)).toHaveLength(3)
    for (const what of ['team', CALLER, CALLED]) {
      const { exitCode, stdout } = await command('check', what)
      expect({ exitCode, stdout }, what).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('0 errors, 0 warnings') })
    }
  })

  test('plan into what is called, and show who holds what it acquires', async () => {
    const { stdout } = await command('plan', CALLER, '--format', 'json')
    const plan = JSON.parse(stdout)
    expect(plan.holds).toMatchObject([{ path: 'change/before/snap', owner: 'change' }])
    expect(plan.steps[0].closes).toEqual(['change/before/snap'])
    expect(plan.totals.approvals).toHaveLength(1)
  })

  test('verify: nothing is left behind wherever a fault strikes', async () => {
    const { exitCode, stdout } = await command('verify', CALLER, '--faults', '1')
    expect(exitCode, stdout).toBe(0)
  })

  test('a problem in a called runbook is told at its own file, once, and its caller does not run', async () => {
    edit(CALLED, (text) => text.replace('scp/consistencyGroup.find', 'scp/consistencyGroup.fnd'))
    const checked = await command('check')
    expect(checked.exitCode).toBe(3)
    expect(checked.stdout).toContain('--> team/group-snapshot.runbook.yaml:')
    expect(checked.stdout.match(/ACTION_UNKNOWN\]/g)).toHaveLength(1)
    const run = await command('run', CALLER, '-i', 'azId=a', '-i', 'groupId=g')
    expect(run.exitCode).toBe(3)
    expect(run.stderr).toContain('error[ACTION_UNKNOWN]')
  })

  test('a called runbook that cannot be read is told once, without echoes in its caller', async () => {
    edit(CALLED, () => 'runbook: [\n')
    const { stdout } = await command('check', CALLER)
    expect(stdout).toContain('--> team/group-snapshot.runbook.yaml:')
    expect(stdout).toContain('1 error, 0 warnings')
  })

  test('a misspelt output is found in the caller', async () => {
    edit(CALLER, (text) => text.replace('steps.before.members', 'steps.before.membres'))
    const { stdout } = await command('check', CALLER)
    expect(stdout).toContain('PROPERTY_UNKNOWN')
    expect(stdout).toContain('Did you mean members?')
  })

  test('are locked with the packs: a changed one is refused until it is locked anew', async () => {
    const { stdout } = await command('lock')
    expect(stdout).toContain('team/group-snapshot 1.0.0')
    expect((await command('check', CALLER)).exitCode).toBe(0)
    edit(CALLED, (text) => text.replace('default: team', 'default: squad'))
    const changed = await command('check', CALLER)
    expect(changed.exitCode).toBe(3)
    expect(changed.stdout).toContain('error[LOCK_RUNBOOK_CHANGED]: runbook team/group-snapshot is locked at 1.0.0')
    expect(changed.stdout).toContain('--> holdfast.lock.yaml:')
    await command('lock')
    expect((await command('check', CALLER)).exitCode).toBe(0)
  })
})
