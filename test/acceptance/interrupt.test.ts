// Ctrl-C, kill and resume as an operator does them: real processes, real signals, a simulated platform that tells what leaked.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { holdfast, startHoldfast } from './holdfast.ts'
import { openLab } from './lab.ts'

const RUN = /run (\S+) of lab\/hold started/
const runIn = (printed: string): string => RUN.exec(printed)?.[1] ?? ''

test('P2: Ctrl-C cancels with clean-up, says so, and ends with its own exit code', async () => {
  await using lab = await openLab()
  const where = { cwd: lab.folder, env: lab.env }
  const run = startHoldfast(where, 'run', 'hold.runbook.yaml', '-i', `groupId=${lab.groupId}`)
  await run.says('work/pause')
  expect(lab.scp.leaks()).toHaveLength(1)
  run.child.kill('SIGINT')
  const { exitCode, stdout, stderr } = await run.ended
  expect(stdout).toContain('cancelling, with clean-up')
  expect(stdout).toContain('work/snap  released')
  expect(stdout).toContain('nothing is held on any platform')
  expect({ exitCode, stderr, leaks: lab.scp.leaks() }).toEqual({ exitCode: 4, stderr: '', leaks: [] })
})

test('P2: Ctrl-C twice leaves at once and says what is owed; resume settles it', async () => {
  await using lab = await openLab()
  const where = { cwd: lab.folder, env: lab.env }
  lab.scp.faults.add({ operation: 'deleteConsistencyGroupSnapshot', does: 'hang', times: 100 })
  const run = startHoldfast(where, 'run', 'hold.runbook.yaml', '-i', `groupId=${lab.groupId}`)
  const id = runIn(await run.says('work/pause'))
  run.child.kill('SIGINT')
  await run.says('releasing sangfor-scp/GroupSnapshot')
  run.child.kill('SIGINT')
  const { exitCode, stdout } = await run.ended
  expect(exitCode).toBe(5)
  expect(stdout).toContain('left at once; one thing is still held')
  expect(stdout).toContain(`settle it with: holdfast resume ${id}`)
  expect(lab.scp.leaks()).toHaveLength(1)

  expect((await holdfast(where, 'runs')).stdout).toMatch(new RegExp(`${id}\\s+interrupted`))
  expect((await holdfast(where, 'obligations')).stdout).toContain('sangfor-scp/GroupSnapshot')
  const reaped = await holdfast(where, 'reap')
  expect({ exitCode: reaped.exitCode, stdout: reaped.stdout }).toEqual({ exitCode: 5, stdout: '' })
  expect(reaped.stderr).toContain(`run ${id} is interrupted and still holds 1 thing`)
  expect((await holdfast(where, 'cancel', id)).stdout).toContain(`\`holdfast resume ${id}\` will stop it and clean up`)
  lab.scp.faults.clear()
  const resumed = await holdfast(where, 'resume', id)
  expect(resumed.stdout).toContain('work/snap  released')
  expect({ exitCode: resumed.exitCode, leaks: lab.scp.leaks() }).toEqual({ exitCode: 4, leaks: [] })
  expect((await holdfast(where, 'obligations')).stdout).toBe('nothing is held on any platform\n')
})

test('P2, P3: a run whose process is killed is taken up by resume and lets go of everything', async () => {
  await using lab = await openLab()
  const where = { cwd: lab.folder, env: lab.env }
  const run = startHoldfast(where, 'run', 'hold.runbook.yaml', '-i', `groupId=${lab.groupId}`, '--format', 'json')
  const printed = await run.says('"path":"work/pause"')
  const id = (JSON.parse(printed.split('\n')[0] ?? '') as { run: string }).run
  run.child.kill('SIGKILL')
  await run.ended
  expect(lab.scp.leaks()).toHaveLength(1)

  const resumed = startHoldfast(where, 'resume', id)
  await resumed.says('resumed')
  const busy = await holdfast(where, 'resume', id)
  expect({ exitCode: busy.exitCode, said: /RUN_NOT_RESUMABLE/.test(busy.stderr) }).toEqual({ exitCode: 2, said: true })
  expect((await holdfast(where, 'cancel', id, '--reason', 'the lab closes')).exitCode).toBe(0)
  const { exitCode, stdout } = await resumed.ended
  expect(stdout).toContain('work/snap  released')
  expect({ exitCode, leaks: lab.scp.leaks() }).toEqual({ exitCode: 4, leaks: [] })
  expect((await holdfast(where, 'show', id)).stdout).toContain('work/snap  released  sangfor-scp/GroupSnapshot')
})

test('P11: no secret is printed, logged or journalled, and no one else can read the state', async () => {
  await using lab = await openLab()
  const where = { cwd: lab.folder, env: lab.env }
  const outputs = [
    await holdfast(where, 'vault', 'init', 'vault'),
    await holdfast(where, 'run', 'sangfor-scp/consistency-group-backup', '-i', `groupId=${lab.groupId}`, '--log-level', 'trace'),
    await holdfast(where, 'runs', '--format', 'json'),
    await holdfast(where, 'plan', 'sangfor-scp/consistency-group-backup'),
  ]
  expect(outputs.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0])
  const state = readdirSync(`${lab.folder}/.holdfast`).map((name) => `${lab.folder}/.holdfast/${name}`)
  const texts = [
    ...outputs.flatMap(({ stdout, stderr }) => [stdout, stderr]),
    ...state.map((file) => readFileSync(file, 'latin1')),
  ]
  for (const secret of lab.secrets) for (const text of texts) expect(text.includes(secret)).toBe(false)
  expect(texts.some((text) => text.includes(lab.groupId))).toBe(true)
  for (const file of state) expect((statSync(file).mode & 0o777).toString(8), file).toBe('600')
  expect((statSync(`${lab.folder}/.holdfast`).mode & 0o777).toString(8)).toBe('700')
})
