import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Runbook, Step } from '../../src/language/index.ts'
import {
  checkRunbookUses,
  checkUses,
  createCatalogue,
  loadPack,
  operationsOf,
  type Pack,
  packSchema,
  parsePack,
} from '../../src/packs/index.ts'
import { isObject, type Json, validator } from '../../src/values/index.ts'

const MANIFEST = `
pack: 1
name: lab
version: 1.2.0
title: Lab
openapi: openapi.yaml
connections:
  Connection:
    title: Lab
    auth: lab/login
    properties: { url: { type: string }, key: { type: string, x-secret: true } }
    required: [url]
    limits: { getPerMinute: 600 }
failures:
  notFound: { message: gone, when: '\${ response.status = 404 }' }
  busy: { message: busy, retryable: true, when: '\${ response.status = 429 }' }
resources:
  Freeze:
    title: Frozen guest
    identity: [vm]
    find: freeze.find
    release: { action: freeze.end, idempotent: true, timeout: 30s, gone: [notFound], reason: { closed: thaw, failed: freezeFail } }
    lease: { renew: freeze.renew, every: 60s, lifetime: 5m }
    critical: true
    maxHold: 10s
    deadman: 30s
  Box: { title: Box, identity: [vm], find: freeze.find, release: { action: box.end }, childOf: [Freeze, other/Shelf], deadman: platform }
actions:
  freeze.begin:
    title: Freeze
    source: Lab guide 1
    effect: acquire
    resource: Freeze
    lock: \${ "vm/" & input.vm }
    timeout: 1m30s
    input: { required: [lab, vm], properties: { lab: { x-connection: Connection }, vm: { type: string }, box: { x-resource: [Box, other/Shelf] } } }
    output: { properties: {} }
    operation: begin
    request: { path: { vm: '\${ input.vm }' }, body: { deep: [1, '\${ input.vm }'] } }
    result: {}
    failures:
      busy: { message: the guest is busy, when: '\${ response.body.code = 7 }' }
      odd: { message: odd }
  freeze.find:
    title: Look
    source: Lab guide 2
    effect: read
    input: { required: [lab, vm], properties: { lab: { x-connection: Connection }, vm: { type: string } } }
    output: { required: [found], properties: { found: { type: boolean } } }
    operation: look
    request: { path: { vm: '\${ input.vm }' } }
  freeze.renew:
    title: Renew
    source: Lab guide 3
    effect: mutate
    idempotent: true
    input: { required: [vm], properties: { vm: { type: string } } }
    output: { properties: {} }
    handler: true
  freeze.end:
    title: Thaw
    source: Lab guide 4
    effect: release
    resource: Freeze
    input: { required: [lab, vm, reason], properties: { lab: { x-connection: Connection }, vm: { type: string }, reason: { enum: [thaw, freezeFail] } } }
    output: { properties: {} }
    operation: end
    request: { path: { vm: '\${ input.vm }' }, query: { reason: '\${ input.reason }' } }
    result: {}
  box.end:
    title: Unbox
    source: Lab guide 5
    effect: release
    resource: Box
    input: { properties: {} }
    output: { properties: {} }
    handler: true
`

const OPENAPI = `
openapi: 3.1.0
info: { title: Lab, version: '1' }
paths:
  /vms/{vm}/freeze:
    parameters: [{ name: vm, in: path, required: true, schema: { $ref: '#/components/schemas/Id' } }]
    post:
      operationId: begin
      requestBody: { required: true, content: { application/json: { schema: { type: object } } } }
      responses: { '200': { $ref: '#/components/responses/Done' } }
    get:
      operationId: look
      responses: { '200': { $ref: '#/components/responses/Done' }, '4XX': { description: no } }
    delete:
      operationId: end
      parameters: [{ name: reason, in: query, schema: { type: string } }]
      responses: { '204': { description: Thawed } }
components:
  schemas: { Id: { type: string, minLength: 1 } }
  responses: { Done: { description: Done, content: { application/vnd.lab+json: { schema: { type: object } } } } }
`

const parse = async (manifest = MANIFEST): Promise<Pack> => {
  const { pack, diagnostics } = await parsePack({ file: 'pack.yaml', text: manifest }, { file: 'openapi.yaml', text: OPENAPI })
  if (!pack) throw new Error(JSON.stringify(diagnostics, null, 1))
  return pack
}

describe('a manifest', () => {
  it('becomes data with qualified names, durations in milliseconds and defaults in place', async () => {
    const { resources, connections, actions } = await parse()
    expect(resources.Freeze).toEqual({
      name: 'lab/Freeze',
      title: 'Frozen guest',
      childOf: [],
      identity: ['vm'],
      find: 'lab/freeze.find',
      appearsWithinMs: 60_000,
      release: {
        action: 'lab/freeze.end',
        idempotent: true,
        timeoutMs: 30_000,
        gone: ['notFound'],
        reason: { closed: 'thaw', failed: 'freezeFail' },
      },
      releaseWhen: ['acquired', 'unknown'],
      lease: { renew: 'lab/freeze.renew', everyMs: 60_000, lifetimeMs: 300_000, lost: [] },
      critical: true,
      maxHoldMs: 10_000,
      deadman: { by: 'timeout', afterMs: 30_000 },
    })
    expect(resources.Box).toMatchObject({ childOf: ['lab/Freeze', 'other/Shelf'], deadman: { by: 'platform' }, critical: false })
    expect(connections.Connection).toEqual({
      name: 'lab/Connection',
      title: 'Lab',
      auth: 'lab/login',
      properties: {
        type: 'object',
        additionalProperties: false,
        properties: { url: { type: 'string' }, key: { type: 'string', 'x-secret': true } },
        required: ['url'],
      },
      limits: { getPerMinute: 600 },
    })
    expect(actions['freeze.begin']).toMatchObject({
      resource: 'lab/Freeze',
      timeoutMs: 90_000,
      idempotent: false,
      resumable: false,
    })
    expect(actions['freeze.find']).toMatchObject({ idempotent: true })
    expect(actions['box.end']).toMatchObject({ idempotent: true, does: { kind: 'handler' }, failures: {} })
  })

  it('closes the input of an action, leaves its output open, and qualifies the slots of both', async () => {
    const action = (await parse()).actions['freeze.begin']
    expect(action?.input).toEqual({
      type: 'object',
      additionalProperties: false,
      required: ['lab', 'vm'],
      properties: {
        lab: { 'x-connection': 'lab/Connection' },
        vm: { type: 'string' },
        box: { 'x-resource': ['lab/Box', 'other/Shelf'] },
      },
    })
    expect(action?.output).toEqual({ type: 'object', properties: {} })
  })

  it('puts an action’s own failures before the pack’s, and in their place where both have one', async () => {
    const failures = (await parse()).actions['freeze.begin']?.failures ?? {}
    expect(Object.keys(failures)).toEqual(['busy', 'odd', 'notFound'])
    expect(failures.busy).toMatchObject({ message: 'the guest is busy', retryable: false, applied: 'no' })
  })

  it('gives an action the pack’s failures that it names, and an operation those that an answer tells', async () => {
    const manifest = MANIFEST.replace('failures:\n', 'failures:\n  lost: { message: lost }\n  full: { message: full }\n').replace(
      'output: { properties: {} }\n    handler: true\n',
      'output: { properties: {} }\n    handler: true\n    fails: [full, busy]\n',
    )
    const { actions } = await parse(manifest)
    expect(Object.keys(actions['freeze.renew']?.failures ?? {})).toEqual(['full', 'busy'])
    expect(Object.keys(actions['freeze.find']?.failures ?? {})).toEqual(['notFound', 'busy'])
    expect(actions['box.end']?.failures).toEqual({})
  })

  it('puts shapes in the places of the references to them, with what is said beside', async () => {
    const manifest = MANIFEST.replace(
      'resources:\n',
      `shapes:
  named: { required: [lab, vm], properties: { lab: { x-connection: Connection }, vm: { type: string } } }
  proxies: { type: array, items: { type: object, properties: { of: { $ref: '#/shapes/named' } } } }
resources:\n`,
    )
      .replace('input: { required: [vm], properties: { vm: { type: string } } }', "input: { $ref: '#/shapes/named' }")
      .replace(
        'output: { properties: {} }',
        "output: { properties: { all: { $ref: '#/shapes/proxies', description: All, maxItems: 2 }, machine: { $ref: '#/shapes/machine' } } }",
      )
    const { actions } = await parse(manifest)
    const properties = { lab: { 'x-connection': 'lab/Connection' }, vm: { type: 'string' } }
    expect(actions['freeze.renew']?.input).toEqual({
      type: 'object',
      additionalProperties: false,
      required: ['lab', 'vm'],
      properties,
    })
    expect(actions['freeze.begin']?.output).toMatchObject({
      properties: {
        all: { type: 'array', description: 'All', maxItems: 2, items: { properties: { of: { required: ['lab', 'vm'] } } } },
        machine: { type: 'object', 'x-means': 'machine' },
      },
    })
    expect(JSON.stringify(actions)).not.toContain('$ref')
  })

  it('answers with the whole body where an action states no result', async () => {
    const does = (await parse()).actions['freeze.find']?.does
    expect(does?.kind === 'operation' && does.result).toMatchObject({ kind: 'expression', source: 'response.body' })
  })

  it('is not a pack as long as anything is wrong with it', async () => {
    const { pack, diagnostics } = await parsePack({ file: 'pack.yaml', text: MANIFEST.replace('deadman: 30s', '') })
    expect(pack).toBeUndefined()
    expect(diagnostics.map(({ code }) => code)).toEqual(['PACK_CRITICAL_UNBOUNDED'])
  })
})

describe('an OpenAPI document', () => {
  it('becomes a tree without references, and operations by id', async () => {
    const { openapi } = await parse()
    expect(JSON.stringify(openapi)).not.toContain('$ref')
    const operations = operationsOf(openapi ?? {})
    expect([...operations.keys()].sort()).toEqual(['begin', 'end', 'look'])
    expect(operations.get('end')).toEqual({
      operationId: 'end',
      method: 'DELETE',
      path: '/vms/{vm}/freeze',
      parameters: [
        { name: 'vm', in: 'path', required: true, schema: { type: 'string', minLength: 1 } },
        { name: 'reason', in: 'query', required: false, schema: { type: 'string' } },
      ],
      responses: { '204': {} },
    })
    expect(operations.get('begin')?.body).toEqual({ schema: { type: 'object' }, required: true })
    expect(operations.get('look')?.responses).toEqual({ '200': { schema: { type: 'object' } }, '4XX': {} })
  })
})

describe('a catalogue', () => {
  it('knows everything by qualified name', async () => {
    const catalogue = createCatalogue([await parse()])
    expect(catalogue.action('lab/freeze.begin')?.title).toBe('Freeze')
    expect(catalogue.resource('lab/Box')?.title).toBe('Box')
    expect(catalogue.connection('lab/Connection')?.title).toBe('Lab')
    expect(catalogue.actionsOf('lab')).toEqual(['freeze.begin', 'freeze.find', 'freeze.renew', 'freeze.end', 'box.end'])
    expect([catalogue.action('freeze.begin'), catalogue.action('other/x'), catalogue.actionsOf('other')]).toEqual([
      undefined,
      undefined,
      [],
    ])
  })

  it('takes no two packs of one name', async () => {
    const pack = await parse()
    expect(() => createCatalogue([pack, pack])).toThrow('two packs are named lab')
  })
})

describe('a runbook that asks for a range of versions', () => {
  const use = (range: string) => [{ alias: 'l', pack: 'lab', range, span: { file: 'x.runbook.yaml', start: 3, end: 9 } }]

  it.each([
    ['^1.0.0', []],
    ['1.2.0', []],
    ['^2.0.0', ['PACK_RANGE_UNMET']],
    ['~1.1.0', ['PACK_RANGE_UNMET']],
    ['newest', ['PACK_RANGE_INVALID']],
  ])('%s meets 1.2.0 with %j', async (range, codes) => {
    const { packs } = createCatalogue([await parse()])
    const diagnostics = checkUses(use(range), packs)
    expect(diagnostics.map(({ code }) => code)).toEqual(codes)
    for (const { span } of diagnostics) expect(span).toEqual({ file: 'x.runbook.yaml', start: 3, end: 9 })
  })

  it('is told of a locked version that the range does not take, though the pack at hand is one that it takes', async () => {
    const { packs } = createCatalogue([await parse()])
    const lock = (version: string) => ({
      runbooks: {},
      packs: { lab: { version, sha256: '', span: { file: 'holdfast.lock.yaml', start: 1, end: 4 } } },
    })
    expect(checkUses(use('^1.0.0'), packs, lock('1.0.0'))).toEqual([])
    expect(checkUses(use('^1.0.0'), packs, lock('0.9.0'))).toMatchObject([
      {
        code: 'LOCK_RANGE_UNMET',
        message: 'pack lab is locked at version 0.9.0, which ^1.0.0 does not take',
        span: { file: 'x.runbook.yaml', start: 3, end: 9 },
        related: [{ message: 'locked here', span: { file: 'holdfast.lock.yaml' } }],
      },
    ])
    expect(checkUses(use('^2.0.0'), packs, lock('0.9.0')).map(({ code }) => code)).toEqual(['PACK_RANGE_UNMET'])
  })

  it('is not told here of a pack that is not at hand', () => {
    expect(checkUses(use('^1.0.0'), {})).toEqual([])
  })
})

describe('a call that asks for a range of versions', () => {
  const span = { file: 'x.runbook.yaml', start: 3, end: 9 }
  const called: Runbook = { format: 1, name: 'lab/sub', version: '1.2.0', uses: [], targets: [], steps: [], outputs: [], span }
  const { runbook } = createCatalogue([], { 'lab/sub': called, 'lab/unreadable': undefined })
  const steps = (range: string, name = 'lab/sub'): Step[] => {
    const call = { runbook: name, range, runbookSpan: span, with: { kind: 'map', entries: [], span }, targets: [] } as const
    const sub: Step = { kind: 'runbook', id: 'sub', idSpan: span, span, ...call }
    const otherwise = { kind: 'literal', value: 'fail', span } as const
    return [{ kind: 'scope', id: 's', idSpan: span, span, body: { steps: [sub], yield: [], span }, onDirtyClose: otherwise }]
  }

  it.each([
    ['^1.0.0', []],
    ['^2.0.0', ['RUNBOOK_RANGE_UNMET']],
    ['1.x.', ['PACK_RANGE_INVALID']],
  ])('%s meets 1.2.0 with %j, wherever the call stands', (range, codes) => {
    expect(checkRunbookUses(steps(range), runbook)).toMatchObject(codes.map((code) => ({ code, span })))
  })

  it('is not told here of a runbook that is not at hand', () => {
    expect(checkRunbookUses(steps('^9.0.0', 'lab/other'), runbook)).toEqual([])
    expect(checkRunbookUses(steps('^9.0.0', 'lab/unreadable'), runbook)).toEqual([])
  })
})

describe('the schema of manifests', () => {
  it('is a JSON Schema', () => {
    expect(() => validator(packSchema)).not.toThrow()
  })

  it('describes every key, so that editors can', () => {
    const undescribed: string[] = []
    const visit = (schema: Json, path: string): void => {
      if (!isObject(schema)) return
      if (typeof schema.description !== 'string') undescribed.push(path)
      if (isObject(schema.properties))
        for (const [key, value] of Object.entries(schema.properties)) visit(value, `${path}.${key}`)
      if (isObject(schema.additionalProperties) && schema.additionalProperties.properties)
        visit(schema.additionalProperties, `${path}.*`)
    }
    visit(packSchema, '')
    expect(undescribed).toEqual([])
  })
})

describe('a folder', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-pack-'))
    writeFileSync(join(folder, 'pack.yaml'), MANIFEST)
    writeFileSync(join(folder, 'openapi.yaml'), OPENAPI)
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('is read as the pack and its OpenAPI document', async () => {
    const { pack, diagnostics, sources } = await loadPack(folder)
    expect(diagnostics).toEqual([])
    expect(pack?.openapi).toBeDefined()
    expect([...sources.keys()]).toEqual([join(folder, 'pack.yaml'), join(folder, 'openapi.yaml')])
  })

  it('has the same hash whether or not its operations are read, and another one when either text changes', async () => {
    const whole = await loadPack(folder)
    const light = await loadPack(folder, { operations: false })
    expect(light.pack?.openapi).toBeUndefined()
    expect(light.pack?.hash).toBe(whole.pack?.hash)
    writeFileSync(join(folder, 'openapi.yaml'), `${OPENAPI}# changed\n`)
    const changed = await loadPack(folder, { operations: false })
    expect(changed.pack?.hash).not.toBe(whole.pack?.hash)
  })

  it('is not left: an OpenAPI document elsewhere is not read', async () => {
    writeFileSync(join(folder, 'pack.yaml'), MANIFEST.replace('openapi: openapi.yaml', 'openapi: ../openapi.yaml'))
    const { pack, diagnostics } = await loadPack(folder)
    expect(pack).toBeUndefined()
    expect(diagnostics.map(({ code }) => code)).toContain('PACK_FILE_MISSING')
  })

  it('that is not there is told, not thrown', async () => {
    const { pack, diagnostics } = await loadPack(join(folder, 'none'))
    expect(pack).toBeUndefined()
    expect(diagnostics).toMatchObject([{ code: 'PACK_FILE_MISSING' }])
  })
})
