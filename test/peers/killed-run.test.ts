// A test run that is killed leaves no program behind. The run that is killed is one of this very file, with HOLDFAST_HOLDS_ON set.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openProgram } from '../../src/ssh/index.ts'
import { startRealAgent } from '../platforms/guest/agent-program.ts'
import { hasIscsi, startTarget } from '../platforms/qemu/iscsi.ts'
import { startMachine } from '../platforms/qemu/machine.ts'
import { startSshd } from '../ssh/sshd.ts'
import { peer } from './peer.ts'

const whereTo = process.env.HOLDFAST_HOLDS_ON
const here =
  peer('sshd', 'openssh-server') &&
  peer('qemu-ga', 'qemu-guest-agent') &&
  peer('qemu-system-x86_64', 'qemu-system-x86') &&
  peer('ps', 'procps') &&
  hasIscsi

test.runIf(whereTo !== undefined && here)('holds on to an sshd, an agent, an iSCSI target and a QEMU', async () => {
  const folder = whereTo ?? ''
  await using _agent = await startRealAgent()
  await using sshd = await startSshd()
  await using _program = await openProgram(sshd.host, ['cat'], new AbortController().signal)
  chmodSync(folder, 0o711) // for who runs the target
  await using _target = await startTarget(join(folder, 'target'), { one: 2 ** 20 })
  await using _machine = await startMachine(join(folder, 'vm'), 1)
  const below = await descendantsOf(process.pid)
  writeFileSync(join(folder, 'pids.part'), below.join('\n'))
  renameSync(join(folder, 'pids.part'), join(folder, 'pids'))
  await new Promise(() => {})
})

describe.skipIf(whereTo !== undefined || !here)('a test run that is killed', () => {
  test('leaves no QEMU, no sshd, no iSCSI target and no agent behind', { timeout: 600_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-killed-'))
    const runner = spawn(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', '--maxWorkers=1', 'test/peers/killed-run.test.ts'],
      { env: { ...process.env, HOLDFAST_HOLDS_ON: folder }, stdio: 'ignore' },
    )
    try {
      const exited = once(runner, 'exit')
      await Promise.race([fileAt(join(folder, 'pids')), exited.then(([code]) => Promise.reject(new Error(`it ended: ${code}`)))])
      const started = readFileSync(join(folder, 'pids'), 'utf8').split('\n').map(Number)
      expect(await namesOf(started)).toEqual(
        expect.arrayContaining(['sshd', 'qemu-ga', 'cat', 'tgtd', expect.stringMatching(/^qemu-system/)]),
      )
      runner.kill('SIGKILL')
      // As long as it takes: what is left for good keeps this test from ending.
      while ((await namesOf(started)).length > 0) await new Promise((resolve) => setTimeout(resolve, 50))
    } finally {
      runner.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

async function fileAt(path: string): Promise<void> {
  while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 50))
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly name: string
}

/** All that run; dead ones that nobody has asked for are left out. */
async function processes(): Promise<readonly Process[]> {
  const ps: ChildProcess = spawn('ps', ['-A', '-o', 'pid=,ppid=,state=,comm='], { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  ps.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  await once(ps, 'close')
  return text.split('\n').flatMap((line) => {
    const [pid, parent, state, ...name] = line.trim().split(/\s+/)
    return state === undefined || /^[ZX]/.test(state) ? [] : [{ pid: Number(pid), parent: Number(parent), name: name.join(' ') }]
  })
}

const namesOf = async (pids: readonly number[]): Promise<readonly string[]> =>
  (await processes()).flatMap(({ pid, name }) => (pids.includes(pid) ? [name] : []))

async function descendantsOf(root: number): Promise<readonly number[]> {
  const all = await processes()
  const below = (parent: number): readonly number[] =>
    all.flatMap((each) => (each.parent === parent && each.name !== 'ps' ? [each.pid, ...below(each.pid)] : []))
  return below(root)
}
