// What is printed, and what is logged, has nowhere to go: no run may end of that. `/dev/full` stands for the disk.
import { spawnSync } from 'node:child_process'
import { existsSync, openSync } from 'node:fs'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openLog } from '../../src/cli/runs/log.ts'

const root = join(import.meta.dirname, '../..')
const isThere = existsSync('/dev/full')

it.skipIf(!isThere)('a process that prints to a full disk goes on, says so once and ends with a code of its own', () => {
  const script = `
    const { processHost, main } = await import(${JSON.stringify(join(root, 'src/main.ts'))})
    const { stdout } = processHost()
    for (let line = 0; line < 3; line += 1) {
      stdout.write('a line\\n')
      await new Promise(setImmediate)
    }
    process.exitCode = await main(['--version'])`
  const node = ['--conditions=source', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script]
  const { status, stderr } = spawnSync(process.execPath, node, {
    stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^what is printed gets lost: ENOSPC.*\n$/) })
})

it.skipIf(!isThere)('a log on a full disk breaks nothing down', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-log-'))
  await symlink('/dev/full', join(folder, 'holdfast.log'))
  const log = openLog(folder, 'info')
  for (let n = 0; n < 3; n += 1) log.observe({ runId: 'r', at: n, kind: 'runStarted', runbook: 't/r', resumed: false })
  await rm(folder, { recursive: true })
})
