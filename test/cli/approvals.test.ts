// `approve` and `approvals`: what a run asks is listed, answered from elsewhere, and a wrong answer is refused where it is given.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { createTestHost } from './test-host.ts'

const GATES = `runbook: 1
name: team/gates
version: 1.0.0
steps:
  - id: gates
    foreach:
      in: [first, second]
      as: name
      key: \${ name }
      concurrency: 2
      onError: collect
      steps:
        - id: gate
          approve:
            prompt: \${ "Open the " & name & "?" }
            by: [ann, ben]
            inputs:
              type: object
              additionalProperties: false
              required: [ticket]
              properties: { ticket: { type: string }, times: { type: integer, default: 1 } }
      yield: { by: '\${ steps.gate.by }', inputs: '\${ steps.gate.inputs }' }
outputs:
  ok: \${ steps.gates.ok }
  failed: \${ steps.gates.failed.error.type }
`

const PLAIN = `runbook: 1
name: team/plain
version: 1.0.0
steps:
  - id: gate
    approve: { prompt: Sure? }
outputs:
  by: \${ steps.gate.by }
`

const ID = '261121-093012-4f2a01'
const FIRST = 'gates[first]/gate'
const SECOND = 'gates[second]/gate'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-approvals-'))
  writeFileSync(join(folder, 'gates.runbook.yaml'), GATES)
  writeFileSync(join(folder, 'plain.runbook.yaml'), PLAIN)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function command(...args: string[]) {
  const { host, printed } = createTestHost(folder)
  const exitCode = await runCli(args, { ...host, userName: () => 'ann' })
  return { exitCode, ...printed }
}

/** A run that goes on beside the test, until it has said this. */
async function running(says: string, ...args: string[]) {
  const { host, printed, interrupt } = createTestHost(folder)
  const said = Promise.withResolvers<void>()
  const write = (text: string): void => {
    printed.stdout += text
    if (printed.stdout.includes(says)) said.resolve()
  }
  const ended = runCli(['run', ...args], { ...host, newRunId: () => ID, stdout: { write } })
  ended.then(() => said.resolve())
  await said.promise
  return { printed, ended, interrupt }
}

describe('a run that asks', () => {
  test('is listed with the command that answers, for people and for programs', async () => {
    const { ended, interrupt, printed } = await running(`${SECOND}  waits`, 'gates.runbook.yaml')
    expect(printed.stdout).toContain(
      `${FIRST}  waits for approval by ann or ben: Open the first?; answer with: holdfast approve ${ID} '${FIRST}' -i ticket=… --by …`,
    )
    const listed = await command('approvals')
    expect(listed.exitCode).toBe(0)
    expect(listed.stdout).toMatch(/^RUN +SINCE +UNTIL +BY +STEP +QUESTION\n/)
    expect(listed.stdout).toContain(`ann, ben  ${FIRST}`)
    expect(listed.stdout).toContain(`  holdfast approve ${ID} '${SECOND}' -i ticket=… --by …\n`)
    const [first, second] = JSON.parse((await command('approvals', '--format', 'json')).stdout)
    expect(first).toEqual({
      run: ID,
      path: FIRST,
      prompt: 'Open the first?',
      by: ['ann', 'ben'],
      inputs: expect.objectContaining({ required: ['ticket'] }),
      since: expect.stringMatching(/^\d{4}-.*Z$/),
      command: `holdfast approve ${ID} '${FIRST}' -i ticket=… --by …`,
    })
    expect(second.path).toBe(SECOND)
    expect((await command('runs')).stdout).toContain('running, waits for approval')
    const [run] = JSON.parse((await command('runs', '--format', 'json')).stdout)
    expect(run).toMatchObject({ status: 'running', approvals: [{ path: FIRST }, { path: SECOND }] })
    const shown = await command('show', ID)
    expect(shown.stdout).toContain(`answer with  holdfast approve ${ID} '${FIRST}' -i ticket=… --by …`)
    expect(JSON.parse((await command('show', ID, '--format', 'json')).stdout).approvals).toHaveLength(2)
    interrupt()
    expect(await ended).toBe(4)
    expect((await command('approvals')).stdout).toBe('no run waits for an approval\n')
  })

  test('goes on with what it is told, by whom, step by step', async () => {
    const { ended, printed } = await running(`${SECOND}  waits`, 'gates.runbook.yaml')
    const granted = await command('approve', ID, FIRST, '-i', 'ticket=007', '-i', 'times=3')
    expect(granted).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `granted ${FIRST} of run ${ID} as ann; the run hears of it within a second\n`,
    })
    const denied = await command('approve', ID, SECOND, '--deny', '--reason', 'not tonight', '--by', 'ben')
    expect(denied.stdout).toContain(`denied ${SECOND} of run ${ID} as ben`)
    expect(await ended).toBe(0)
    expect(printed.stdout).toContain(`${FIRST}  approved by ann (ticket 007, times 3)`)
    expect(printed.stdout).toContain(`${SECOND}  denied by ben: not tonight`)
    expect(printed.stdout).toContain('failed: denied')
  })

  test('takes no answer that is wrong: each is refused with its code and changes nothing', async () => {
    const { ended, interrupt } = await running(`${SECOND}  waits`, 'gates.runbook.yaml')
    const refusals: readonly (readonly [code: string, ...args: string[]])[] = [
      ['APPROVAL_AMBIGUOUS', ID],
      ['APPROVAL_NOT_WAITING', ID, 'gates[third]/gate'],
      ['APPROVER_NOT_LISTED', ID, FIRST, '--by', 'eve', '-i', 'ticket=T'],
      ['APPROVER_NOT_LISTED', ID, FIRST, '--by', 'eve', '--deny'],
      ['INPUTS_KEY_MISSING', ID, FIRST],
      ['INPUTS_INVALID', ID, FIRST, '-i', 'ticket=T', '-i', 'times=often'],
      ['INPUTS_KEY_UNKNOWN', ID, FIRST, '-i', 'ticket=T', '-i', 'tickets=T'],
      ['INPUT_MALFORMED', ID, FIRST, '-i', 'ticket'],
      ['RUN_NOT_FOUND', '261121-000000-000000'],
      ['--reason', ID, FIRST, '--reason', 'because'],
      ["'--deny' cannot be used with option '-i, --input", ID, FIRST, '--deny', '-i', 'ticket=T'],
    ]
    for (const [code, ...args] of refusals) {
      const { exitCode, stderr, stdout } = await command('approve', ...args)
      expect({ exitCode, stdout }, `${code}: ${stderr}`).toEqual({ exitCode: 2, stdout: '' })
      expect(stderr).toContain(code)
    }
    expect((await command('approve', ID, FIRST, '-i', 'ticket=T')).exitCode).toBe(0)
    const again = await command('approve', ID, FIRST, '-i', 'ticket=T')
    expect(again.stderr).toContain('APPROVAL_NOT_WAITING')
    interrupt()
    await ended
  })
})

test('without names anybody may answer, and the name is the one of the user of the system', async () => {
  const { ended, printed } = await running('"state":"asked"', 'plain.runbook.yaml', '--format', 'json')
  const asked = printed.stdout.split('\n').find((line) => line.includes('"state":"asked"')) ?? '{}'
  expect(JSON.parse(asked)).toEqual({
    event: 'approval',
    at: expect.any(String),
    run: ID,
    path: 'gate',
    state: 'asked',
    prompt: 'Sure?',
    command: `holdfast approve ${ID} gate`,
  })
  expect((await command('approve', ID)).stdout).toContain(`granted gate of run ${ID} as ann`)
  expect(await ended).toBe(0)
  expect(printed.stdout).toContain('"outputs":{"by":"ann"}')
})
