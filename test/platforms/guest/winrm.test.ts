import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '../../../src/values/index.ts'
import { peer, pythonPeer } from '../../peers/peer.ts'
import { failureOf } from '../calls.ts'
import { callGuest } from './harness.ts'
import { startWinrm, type WinrmWorld } from './winrm-world.ts'

const run = promisify(execFile)

describe.skipIf(!peer('openssl', 'openssl'))('a guest that is reached over WinRM', () => {
  let world: WinrmWorld
  beforeAll(async () => {
    world = await startWinrm()
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const exec = (program: string, args: readonly string[], settings: object = {}) =>
    callGuest('exec', { ...world.settings, ...settings }, { program, arguments: [...args] })

  test('a program that says nothing for longer than an answer may take is asked again', async () => {
    const received = () => world.responder.asked.filter((each) => each === 'Receive').length
    const [before, go] = [received(), join(world.folder, 'go')]
    const running = exec('sh', ['-c', 'until [ -e "$1" ]; do sleep 0.1; done; echo done', 'sh', go])
    while (received() < before + 4) await new Promise((resolve) => setTimeout(resolve, 10))
    writeFileSync(go, '')
    expect(await running).toMatchObject({ exitCode: 0, stdout: 'done\n' })
  })

  test('every shell that is created is deleted', async () => {
    await exec('true', [])
    await failureOf(exec('/nowhere/program', []))
    const count = (action: string) => world.responder.asked.filter((each) => each === action).length
    expect([count('Create'), world.responder.shells]).toEqual([count('Delete'), 0])
  })

  test('P11 a refused login is told without the password', async () => {
    const failure = await failureOf(exec('true', [], { password: new Secret('swordfish') }))
    expect(failure).toMatchObject({ type: 'notLetIn', applied: 'no', retryable: false })
    expect(JSON.stringify(failure)).not.toContain('swordfish')
    expect(JSON.stringify(failure)).not.toContain(Buffer.from('backup:swordfish').toString('base64'))
  })

  test('a certificate that nobody vouches for is given no login', async () => {
    const asked = world.responder.asked.length
    const { caCertificate: _, ...settings } = world.settings
    const failure = await failureOf(callGuest('exec', settings, { program: 'true' }))
    expect(failure).toMatchObject({ type: 'unreachable', applied: 'no' })
    expect(world.responder.asked.length).toBe(asked)
  })

  test.each([{ url: 'http://127.0.0.1:5985/wsman' }, { url: 'erp.example' }, { user: 5 }, { password: 'not a secret' }])(
    'settings that lack what the channel needs let nobody in: %j',
    async (settings) => {
      expect(await failureOf(exec('true', [], settings))).toMatchObject({ type: 'notLetIn', applied: 'no' })
    },
  )

  test.each([
    ['Create', 'unreachable', 'no'],
    ['Command', 'answerLost', 'maybe'],
    ['Receive', 'answerLost', 'maybe'],
  ])('P3 a connection that breaks over %s is in the failure what it is', async (action, type, applied) => {
    world.responder.breakNext(action)
    expect(await failureOf(exec('true', []))).toMatchObject({ type, applied })
  })

  test('the command interpreter is given nothing that it would take apart', async () => {
    for (const argument of ['a&b', '%PATH%', '"', 'x\ny', '(x86)']) {
      const failure = await failureOf(exec('C:\\scripts\\freeze.bat', [argument]))
      expect(failure).toMatchObject({ type: 'notStarted', applied: 'no', message: expect.stringContaining('cmd.exe') })
    }
  })

  test.skipIf(!pythonPeer('winrm', 'python3-winrm'))(
    'a client of other authors drives the responder as it drives Windows',
    async () => {
      const before = world.responder.shells
      const script = `
import json, sys, winrm
url, user, password, ca = sys.argv[1:]
protocol = winrm.protocol.Protocol(endpoint=url, transport='basic', username=user, password=password,
                                   server_cert_validation='validate', ca_trust_path=ca)
shell = protocol.open_shell(codepage=65001)
results = []
for program, args in [('printf', ['%s', '"two words"']), ('sh', ['-c', '"sleep 0.2; echo err >&2; exit 3"']), ('cat', ['/etc/hostname'])]:
    command = protocol.run_command(shell, program, args)
    out, err, code = protocol.get_command_output(shell, command)
    protocol.cleanup_command(shell, command)
    results.append([out.decode(), err.decode(), code])
try:
    protocol.run_command(shell, 'no-such-program', [])
except Exception as error:
    results.append(str(error))
protocol.close_shell(shell)
try:
    winrm.protocol.Protocol(endpoint=url, transport='basic', username=user, password='wrong', server_cert_validation='validate', ca_trust_path=ca).open_shell()
except winrm.exceptions.InvalidCredentialsError:
    results.append('refused')
print(json.dumps(results))
`
      const { url, user, password } = world.settings
      const args = ['-c', script, url, user, password.reveal(), join(world.folder, 'ca-cert.pem')]
      const { stdout } = await run('/usr/bin/python3', args)
      expect(JSON.parse(stdout)).toEqual([
        ['two words', '', 0],
        ['', 'err\n', 3],
        [readFileSync('/etc/hostname', 'utf8'), '', 0],
        expect.stringContaining('cannot find the file'),
        'refused',
      ])
      expect(world.responder.shells).toBe(before)
    },
  )
})

test.skipIf(!peer('openssl', 'openssl'))(
  'Windows since ESX 3.5 U2 over WinRM: true scripts, ascending with freeze, descending with freezeFail after one that hangs or fails',
  async () => {
    const scripts = 'C:\\Program Files\\VMware\\VMware Tools\\backupScripts.d'
    await using world = await startWinrm({ cmd: join(import.meta.dirname, 'cmd-stand-in') })
    const folder = join(world.folder, 'guest')
    mkdirSync(join(folder, scripts), { recursive: true })
    const log = join(folder, 'log')
    for (const [name, then] of [
      ['30-web.bat', ':'],
      ['10-database.bat', ':'],
      ['20-mail.bat', '[ "$1" != freeze ] || exit 7'],
    ] as const) {
      const path = join(folder, scripts, name)
      writeFileSync(path, `#!/bin/sh\necho ${name} "$@" >> '${log}'\n${then}\n`)
      chmodSync(path, 0o700)
    }
    process.env.CMD_STAND_IN_DRIVES = folder
    const windows = { os: 'windows', esx: 'from35U2' }
    const failure = await failureOf(callGuest('scripts.freeze', world.settings, windows))
    expect(failure).toMatchObject({ type: 'scriptFailed', detail: { script: `${scripts}\\20-mail.bat`, exitCode: 7 } })
    await callGuest('scripts.thaw', world.settings, { ...windows, reason: 'freezeFail' })
    expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
      '10-database.bat freeze',
      '20-mail.bat freeze',
      '30-web.bat freezeFail',
      '20-mail.bat freezeFail',
      '10-database.bat freezeFail',
    ])
  },
)
