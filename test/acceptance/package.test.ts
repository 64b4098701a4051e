// What is published is what people run: the packed tarball, installed into an empty folder, works there.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { holdfast, type Program, startHoldfast } from './holdfast.ts'

const root = join(import.meta.dirname, '../..')
const exec = promisify(execFile)
const npm = (cwd: string, ...args: string[]) =>
  exec('npm', [...args, '--no-audit', '--no-fund'], { cwd, maxBuffer: 64 * 2 ** 20 })

let folder = ''
let notInstalled = ''
/** As a shell finds it. */
const installed = (): Program => [join(folder, 'node_modules/.bin/holdfast')]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-package-'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const { stdout } = await npm(root, 'pack', '--json', '--pack-destination', folder)
  expect(stdout).toContain('holdfast')
  const [tarball = ''] = readdirSync(folder).filter((file) => file.endsWith('.tgz'))
  try {
    await npm(folder, 'install', `./${tarball}`, '--omit=dev', '--prefer-offline')
  } catch (error) {
    if (process.env.CI) throw error
    notInstalled = `npm could not install the dependencies: ${(error as Error).message.split('\n')[0]}`
  }
}, 180_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the packed tarball, installed into an empty folder', () => {
  test('says its version and its help', async ({ skip }) => {
    skip(notInstalled !== '', notInstalled)
    const where = { cwd: folder, program: installed() }
    expect(await holdfast(where, '--version')).toEqual({ exitCode: 0, stdout: '0.1.0\n', stderr: '' })
    expect((await holdfast(where, '--help')).stdout).toContain('Usage: holdfast')
  })

  test('checks and plans the runbooks that come with it', async ({ skip }) => {
    skip(notInstalled !== '', notInstalled)
    const where = { cwd: folder, program: installed() }
    const checked = await holdfast(where, 'check', 'sangfor-scp/consistency-group-backup')
    expect(checked).toEqual({ exitCode: 0, stdout: '1 file checked, 0 errors, 0 warnings\n', stderr: '' })
    expect((await holdfast(where, 'plan', 'sangfor-scp/consistency-group-backup')).exitCode).toBe(0)
    expect(JSON.parse((await holdfast(where, 'schema', 'runbook')).stdout)).toHaveProperty('$schema')
    expect((await holdfast(where, 'explain', 'STEP_ID_TAKEN')).stdout).toContain('$ holdfast check example.runbook.yaml')
  })

  test('starts the simulator and runs a runbook against it', async ({ skip }) => {
    skip(notInstalled !== '', notInstalled)
    const where = { cwd: folder, program: installed() }
    const simulator = startHoldfast(where, 'simulate', 'sangfor-scp', '--port', '0')
    try {
      const printed = await simulator.says('Ctrl-C ends it')
      writeFileSync(join(folder, 'holdfast.config.yaml'), `config: 1\n${configurationIn(printed)}`)
      const serverIds = [...printed.matchAll(/^VM \S+ +(\S+)$/gm)].map(([, id]) => id)
      expect(serverIds).toHaveLength(3)
      const inputs = ['-i', 'name=of-the-package', '-i', `serverIds=${JSON.stringify(serverIds)}`]
      const ran = await holdfast(where, 'run', 'sangfor-scp/consistency-group-create', ...inputs)
      expect(ran.stderr).toBe('')
      expect(ran.stdout).toContain('succeeded\n')
      expect(ran.exitCode).toBe(0)
    } finally {
      simulator.child.kill('SIGINT')
      expect((await simulator.ended).exitCode).toBe(0)
    }
  })
})

/** The lines that the simulator tells people to put into their configuration. */
const configurationIn = (printed: string): string => printed.slice(printed.indexOf('targets:'), printed.indexOf('Ctrl-C ends it'))

test('an older Node is told what is needed instead of a syntax error', async () => {
  const older = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.4' } })`
  const program: Program = [process.execPath, '--import', older, join(root, 'bin/holdfast.js')]
  const { exitCode, stdout, stderr } = await holdfast({ cwd: root, program }, '--version')
  expect(exitCode).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^Holdfast needs Node 24 or newer; this is Node 20\.19\.4/)
})
