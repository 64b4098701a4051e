// Alerts to a real program and a real web server: once for each age, again where they failed, and without a secret.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { type JsonSchema, validator } from '../../src/values/index.ts'
import { createVirtualClock } from '../engine/virtual-clock.ts'
import { type Held, type PastRun, writeLedger } from './ledger.ts'
import { createTestHost } from './test-host.ts'

const NOW = Date.parse('2026-11-21T03:00:00Z')
const HOUR_MS = 3_600_000
const TOKEN = 'Bearer not-to-be-seen-anywhere'
const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../schemas/alert.schema.json'), 'utf8')) as JsonSchema

interface Body {
  readonly text: string
  readonly obligations: readonly { readonly run: string; readonly because: string; readonly olderThanMs?: number }[]
}

const owing = (id: string, ageMs: number, step: Held['step'] = 'snap'): PastRun => ({
  id,
  status: 'failed',
  holds: [{ step, state: 'owed', target: 'east', since: NOW - ageMs }],
})

describe('P2: an obligation alerts', () => {
  let folder: string
  let server: Server
  let answer: { status: number; location?: string; hangs?: true }
  let posted: { readonly headers: IncomingHttpHeaders; readonly text: string; readonly path: string | undefined }[]

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-alerts-'))
    answer = { status: 204 }
    posted = []
    server = createServer(async (request, response) => {
      let text = ''
      for await (const chunk of request) text += chunk
      posted.push({ headers: request.headers, text, path: request.url })
      if (answer.hangs) return
      response.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // The program writes down what it is given: its arguments and its standard input.
    writeFileSync(
      join(folder, 'hook.mjs'),
      `import { appendFileSync, readFileSync } from 'node:fs'
appendFileSync('heard', JSON.stringify({ argv: process.argv.slice(2), input: readFileSync(0, 'utf8') }) + '\\n')
process.exit(Number(process.env.HOOK_EXIT ?? 0))
`,
    )
    configure()
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const webhook = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`

  function configure(more = ''): void {
    writeFileSync(
      join(folder, 'holdfast.config.yaml'),
      `config: 1
alerts:
  after: [1h, 4h]
  hooks:
    - command: ['${process.execPath}', hook.mjs, --channel, backups]
    - webhook: { url: '${webhook()}', headers: { Authorization: { env: ALERT_TOKEN } } }
${more}`,
    )
  }

  async function alert(now: number, env: Readonly<Record<string, string>> = {}, ...args: string[]) {
    const { host, printed } = createTestHost(folder, { ALERT_TOKEN: TOKEN, ...env })
    const exitCode = await runCli(['alert', ...args], { ...host, clock: async () => createVirtualClock(now) })
    return { exitCode, ...printed }
  }

  const heard = (): readonly { argv: readonly string[]; input: string }[] =>
    existsSync(join(folder, 'heard'))
      ? readFileSync(join(folder, 'heard'), 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as { argv: string[]; input: string })
      : []
  const bodies = (): readonly Body[] => posted.map(({ text }) => JSON.parse(text) as Body)

  it('to a program and to a webhook, in one documented form', async () => {
    await writeLedger(folder, [owing('run-1', 5 * HOUR_MS), owing('run-2', HOUR_MS / 2)])
    const { exitCode, stdout, stderr } = await alert(NOW)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toContain('of 1\n')
    expect(heard()).toEqual([{ argv: ['--channel', 'backups'], input: posted[0]?.text }])
    const [body] = bodies()
    expect(validator(schema).problems(JSON.parse(posted[0]?.text ?? ''))).toEqual([])
    expect(body?.obligations).toMatchObject([
      { run: 'run-1', because: 'older', olderThanMs: 4 * HOUR_MS, targets: ['east'], owed: true },
    ])
    expect(body?.text).toBe('lab/Snapshot name one on east is still held and owed for 5h: holdfast reap run-1')
  })

  it('once for each age', async () => {
    await writeLedger(folder, [owing('run-1', 2 * HOUR_MS)])
    await alert(NOW)
    expect(await alert(NOW + HOUR_MS)).toMatchObject({ exitCode: 0, stdout: 'nothing new to tell\n' })
    await alert(NOW + 2 * HOUR_MS)
    await alert(NOW + 20 * HOUR_MS)
    expect(bodies().map(({ obligations }) => obligations[0]?.olderThanMs)).toEqual([HOUR_MS, 4 * HOUR_MS])
    expect(heard()).toHaveLength(2)
    expect(statSync(join(folder, '.holdfast/alerts.json')).mode & 0o777).toBe(0o600)
  })

  it('at once when it is critical and owed, and loudly', async () => {
    await writeLedger(folder, [owing('run-1', 1000, 'freeze')])
    await alert(NOW)
    expect(bodies()).toMatchObject([
      { text: expect.stringMatching(/^CRITICAL: lab\/Freeze guest db-1/), obligations: [{ because: 'critical' }] },
    ])
  })

  it('again to a hook that failed, and not to one that heard it', async () => {
    await writeLedger(folder, [owing('run-1', 2 * HOUR_MS)])
    answer = { status: 503 }
    const failed = await alert(NOW)
    expect(failed.exitCode).toBe(1)
    expect(failed.stderr).toContain(
      `warning[ALERT_FAILED]: the webhook 127.0.0.1:${new URL(webhook()).port} was not told: it answered 503`,
    )
    answer = { status: 200 }
    expect((await alert(NOW)).exitCode).toBe(0)
    expect({ posted: posted.length, heard: heard().length }).toEqual({ posted: 2, heard: 1 })
    await writeLedger(folder, [owing('run-2', 2 * HOUR_MS)])
    const program = await alert(NOW, { HOOK_EXIT: '3' })
    expect(program.stderr).toContain('was not told: it ended with 3')
  })

  it('without waiting for a hook that hangs', async () => {
    writeFileSync(
      join(folder, 'holdfast.config.yaml'),
      `config: 1
alerts:
  hooks:
    - webhook: { url: '${webhook()}' }
      timeout: 50ms
    - command: ['${process.execPath}', -e, 'setInterval(() => {}, 1000)']
      timeout: 50ms
    - command: [no-such-program-anywhere]
`,
    )
    await writeLedger(folder, [owing('run-1', 2 * HOUR_MS)])
    answer = { status: 200, hangs: true }
    const { exitCode, stderr } = await alert(NOW)
    expect(exitCode).toBe(1)
    expect(stderr.match(/it took longer than 0.05 s/g)).toHaveLength(2)
    expect(stderr).toContain('the command no-such-program-anywhere was not told: it could not be started: ENOENT')
  })

  it('P11: with its secret headers at the address that was configured, and nowhere else', async () => {
    await writeLedger(folder, [owing('run-1', 2 * HOUR_MS)])
    answer = { status: 307, location: `${webhook()}/elsewhere` }
    const redirected = await alert(NOW)
    expect(redirected.exitCode).toBe(1)
    expect(posted.map(({ path, headers }) => [path, headers.authorization])).toEqual([['/alerts', TOKEN]])
    const missing = await alert(NOW, { ALERT_TOKEN: '' })
    expect(missing.stderr).toContain('environment variable ALERT_TOKEN is empty')
    const everything = [
      JSON.stringify(redirected),
      JSON.stringify(heard()),
      posted[0]?.text,
      readFileSync(join(folder, '.holdfast/alerts.json'), 'utf8'),
    ]
    expect(everything.join()).not.toContain(TOKEN)
  })

  it('only as a test when that is asked for, and only when somebody is named', async () => {
    expect(await alert(NOW, {}, '--test')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('told webhook') })
    expect(bodies()).toMatchObject([{ text: 'a test: nothing is wrong', obligations: [] }])
    writeFileSync(join(folder, 'holdfast.config.yaml'), 'config: 1\n')
    expect(await alert(NOW)).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('ALERTS_NOT_CONFIGURED') })
  })
})
