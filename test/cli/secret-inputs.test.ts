// P11: a secret that a run is given as an input: the run holds where it is to be had, and only the wire sees it.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { secretsOfInputs } from '../../src/engine/index.ts'
import { Secret } from '../../src/values/index.ts'
import { createTestHost } from './test-host.ts'

const SECRET = 'hunter2-not-to-be-seen'

const OPENAPI = `openapi: 3.1.0
info: { title: Lab, version: '1' }
paths:
  /sessions:
    post:
      operationId: logIn
      requestBody:
        required: true
        content: { application/json: { schema: { type: object, required: [user, password], properties: { user: { type: string }, password: { type: string } } } } }
      responses:
        '200': { description: done, content: { application/json: { schema: { type: object, required: [said], properties: { said: { type: string } } } } } }
        default: { description: refused, content: { application/json: { schema: { type: object } } } }
    delete:
      operationId: logOut
      parameters: [{ name: password, in: header, required: true, schema: { type: string } }]
      responses: { '204': { description: done }, default: { description: refused } }
`
const PACK = `pack: 1
name: lab
version: 1.0.0
title: Lab
openapi: openapi.yaml
connections:
  Host: { title: A host, properties: { url: { type: string } }, required: [url] }
resources:
  Session:
    title: A session in a guest
    identity: [user]
    release: { action: guest.logOut, idempotent: true, timeout: 5s }
    deadman: none
actions:
  guest.logIn:
    title: Log in to a guest
    source: Lab guide 1
    effect: acquire
    resource: Session
    input: { required: [host, user, password], properties: { host: { x-connection: Host }, user: { type: string }, password: { type: string, minLength: 1, x-secret: true } } }
    output: { required: [said], properties: { said: { type: string } } }
    operation: logIn
    request: { body: { user: '\${ input.user }', password: '\${ input.password }' } }
    failures: { refused: { message: the guest refuses, when: '\${ response.status = 403 }' } }
  guest.logOut:
    title: Log out
    source: Lab guide 2
    effect: release
    resource: Session
    input: { required: [host, password], properties: { host: { x-connection: Host }, password: { type: string, x-secret: true } } }
    output: {}
    operation: logOut
    request: { headers: { password: '\${ input.password }' } }
    result: {}
`
const RUNBOOK = `runbook: 1
name: lab/guest
version: 1.0.0
use: { lab: lab@^1.0.0 }
targets: { host: lab/Host }
inputs:
  type: object
  required: [password]
  properties:
    password: { type: string, x-secret: true }
steps:
  - id: session
    uses: lab/guest.logIn
    with: { host: '\${ targets.host }', user: backup, password: '\${ inputs.password }' }
outputs:
  said: \${ steps.session.said }
`

describe('a secret input', () => {
  let folder: string
  let server: Server
  let status: number
  let seen: { readonly method: string | undefined; readonly header: unknown; readonly body: string }[]

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-secret-inputs-'))
    status = 200
    seen = []
    server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      seen.push({ method: request.method, header: request.headers.password, body })
      if (request.method === 'DELETE') return response.writeHead(204).end()
      // A platform that repeats what it was told.
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ said: `welcome, ${body}`, message: body }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    mkdirSync(join(folder, 'lab'))
    writeFileSync(join(folder, 'lab/pack.yaml'), PACK)
    writeFileSync(join(folder, 'lab/openapi.yaml'), OPENAPI)
    writeFileSync(join(folder, 'guest.runbook.yaml'), RUNBOOK)
    writeFileSync(
      join(folder, 'holdfast.config.yaml'),
      `config: 1
packs: [lab]
targets:
  host: { connection: lab/Host, url: 'http://127.0.0.1:${(server.address() as AddressInfo).port}' }
`,
    )
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function command(...args: string[]) {
    const { host, printed } = createTestHost(folder, { GUEST_PASSWORD: SECRET })
    return { exitCode: await runCli(args, host), ...printed }
  }

  const stateFiles = (): string =>
    readdirSync(join(folder, '.holdfast'))
      .map((file) => readFileSync(join(folder, '.holdfast', file), 'latin1'))
      .join()

  it('reaches the calls that need it, and nothing that is written down or shown', async () => {
    const { exitCode, stdout, stderr } = await command('run', 'guest.runbook.yaml', '-i', 'password={ env: GUEST_PASSWORD }')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(seen).toMatchObject([
      { method: 'POST', body: JSON.stringify({ user: 'backup', password: SECRET }) },
      { method: 'DELETE', header: SECRET },
    ])
    expect(stdout).toContain('‹secret›')
    expect(stdout).not.toContain(SECRET)
    expect(stateFiles()).not.toContain(SECRET)
    expect(stateFiles()).toContain('GUEST_PASSWORD')
    const id = /run (\S+) of lab\/guest started/.exec(stdout)?.[1] ?? ''
    expect((await command('show', id, '--format', 'json')).stdout).toContain('"env": "GUEST_PASSWORD"')
  })

  it('is a reference in a plan, which a run can be held to', async () => {
    expect(
      (await command('plan', 'guest.runbook.yaml', '-i', 'password={ env: GUEST_PASSWORD }', '-o', 'plan.json')).exitCode,
    ).toBe(0)
    const plan = readFileSync(join(folder, 'plan.json'), 'utf8')
    expect(plan).toContain('GUEST_PASSWORD')
    expect(plan).not.toContain(SECRET)
    expect((await command('run', 'guest.runbook.yaml', '--plan', 'plan.json')).exitCode).toBe(0)
    expect(seen[0]?.body).toContain(SECRET)
  })

  it('is not in the failure of a platform that repeats it', async () => {
    status = 403
    const { exitCode, stdout, stderr } = await command(
      'run',
      'guest.runbook.yaml',
      '-i',
      'password={ env: GUEST_PASSWORD }',
      '--format',
      'json',
    )
    expect(exitCode).toBe(1)
    expect(stdout).toContain('refused')
    expect(stdout + stderr + stateFiles()).not.toContain(SECRET)
  })

  it('is refused as it is, without being repeated', async () => {
    writeFileSync(join(folder, 'inputs.yaml'), `password: ${SECRET}\n`)
    for (const given of [
      ['-i', `password=${SECRET}`],
      ['-i', `password={ ${SECRET}`],
      ['-f', 'inputs.yaml'],
    ]) {
      const { exitCode, stdout, stderr } = await command('run', 'guest.runbook.yaml', ...given)
      expect(exitCode).toBe(2)
      expect(stderr).toContain('error[INPUT_SECRET]: password is secret')
      expect(stdout + stderr).not.toContain(SECRET)
    }
    expect(seen).toEqual([])
  })

  it('is looked for before anything is touched', async () => {
    writeFileSync(join(folder, 'inputs.yaml'), 'password: { file: nowhere }\n')
    const { exitCode, stderr } = await command('run', 'guest.runbook.yaml', '-f', 'inputs.yaml')
    expect({ exitCode, seen }).toEqual({ exitCode: 2, seen: [] })
    expect(stderr).toContain('error[SECRET_UNRESOLVED]: a secret among the inputs cannot be had: file nowhere: ENOENT')
  })

  it('is got only where the inputs name it: what a platform answers starts no program and reads no file here', async () => {
    const resolve = secretsOfInputs({ password: { $secret: { env: 'A' } } }, async () => new Secret('a'))
    expect((await resolve({ env: 'A' })).reveal()).toBe('a')
    await expect(resolve({ command: ['cat', '/etc/passwd'] })).rejects.toThrow('no input of the run names this secret')
  })
})
