// `holdfast lsp` as an editor uses it: a process, and messages of the protocol over its standard streams.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CodeAction, CompletionList, DocumentSymbol, Hover, Location, TextEdit, WorkspaceEdit } from 'vscode-languageserver'
import { applied, type Client, positionOf, startClient, uriOf } from './client.ts'

const runbooks = join(import.meta.dirname, '../../runbooks')
const SHIPPED = readFileSync(join(runbooks, 'sangfor-scp/vm-backup.runbook.yaml'), 'utf8')

let folder = ''
let client: Client
const at = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-editor-'))
  client = await startClient(folder)
})
afterAll(async () => {
  expect(await client.quit()).toBe(0)
  rmSync(folder, { recursive: true, force: true })
})

const SMALL = `runbook: 1
name: lab/small
version: 1.0.0
use:
  scp: sangfor-scp@^1.0.0
targets:
  cloud: scp/Connection
inputs:
  type: object
  additionalProperties: false
  required: [serverId]
  properties:
    serverId: { type: string, description: VM to look at 🖥 }
steps:
  - id: vm
    uses: scp/server.get
    with:
      cloud: \${ targets.cloud }
      serverId: \${ inputs.serverId }
  - id: fit
    uses: core/assert
    with:
      that: '\${ steps.vm.status = "running" }'
      message: "\${ \\"🔥 \\" & steps.vm.name & \\" is \\" & steps.vm.status }"
`

describe('diagnostics', () => {
  test('a shipped runbook draws none', async () => {
    expect(await client.open(at('shipped.runbook.yaml'), SHIPPED)).toEqual([])
  })

  test('P12: come as one types, with code, place and hint, and go when the text is right again', async () => {
    const file = at('typing.runbook.yaml')
    expect(await client.open(file, SMALL)).toEqual([])
    const start = positionOf(SMALL, 'steps.vm.')
    const [found, ...more] = await client.change(file, {
      range: { start, end: { ...start, character: start.character + 6 } },
      text: 'statos',
    })
    expect(more).toEqual([])
    expect(found).toMatchObject({
      code: 'PROPERTY_UNKNOWN',
      source: 'holdfast',
      severity: 1,
      range: { start, end: { ...start, character: start.character + 6 } },
      message: 'steps.vm has no statos\nDid you mean status?',
    })
    expect(
      await client.change(file, { range: { start, end: { ...start, character: start.character + 6 } }, text: 'status' }),
    ).toEqual([])
  })

  test('places count UTF-16 units, behind characters of two units and escapes in quotes', async () => {
    const file = at('wide.runbook.yaml')
    const text = SMALL.replace('steps.vm.name &', 'steps.vm.nam &')
    const [found] = await client.open(file, text)
    expect(found?.range.start).toEqual(positionOf(text, '"${ \\"🔥 \\" & steps.vm.'))
    expect(found?.code).toBe('PROPERTY_UNKNOWN')
  })

  test('places are right with Windows line ends', async () => {
    const text = SMALL.replace('serverId: ${ inputs.serverId }', 'serverId: ${ inputs.servrId }').replaceAll('\n', '\r\n')
    const [found] = await client.open(at('windows.runbook.yaml'), text)
    expect(found).toMatchObject({ code: 'INPUT_UNKNOWN', range: { start: positionOf(text, 'serverId: ${ inputs.') } })
  })

  test('of several versions in a row, only the newest counts', async () => {
    const file = at('fast.runbook.yaml')
    await client.open(file, SMALL)
    const wrong = { text: SMALL.replace('scp/server.get', 'scp/server.gett') }
    const [, , last] = await Promise.all([
      client.change(file, wrong),
      client.change(file, wrong),
      client.change(file, { text: SMALL }),
    ])
    expect(last).toEqual([])
  })

  test('a pack.yaml and a configuration are checked as `check` does', async () => {
    const pack = at('mine/pack.yaml')
    const [found] = await client.open(pack, 'pack: 1\nname: mine\nversion: one\ntitle: Mine\nactions: {}\n')
    expect(found?.code).toMatch(/^PACK_/)
    const config = await client.open(
      at('other/holdfast.config.yaml'),
      'config: 1\ntargets:\n  a: { connection: nowhere/Connection }\n',
    )
    expect(config.map(({ code }) => code)).toEqual(['CONFIG_CONNECTION_UNKNOWN'])
  })

  test('a changed pack changes what is said of the runbooks that use it', async () => {
    const home = at('project')
    mkdirSync(join(home, 'lab'), { recursive: true })
    writeFileSync(join(home, 'holdfast.config.yaml'), 'config: 1\npacks: [lab]\n')
    const manifest = (output: string): string =>
      `pack: 1\nname: lab\nversion: 1.0.0\ntitle: Lab\nactions:\n  look:\n    title: Looks\n    source: here\n    effect: read\n    timeout: 10s\n    handler: true\n    input: { properties: {} }\n    output: { additionalProperties: false, required: [${output}], properties: { ${output}: { type: string } } }\n`
    writeFileSync(join(home, 'lab/pack.yaml'), manifest('colour'))
    const file = join(home, 'a.runbook.yaml')
    const text =
      'runbook: 1\nname: lab/a\nversion: 1.0.0\nuse:\n  lab: lab@^1.0.0\nsteps:\n  - id: look\n    uses: lab/look\noutputs:\n  seen: ${ steps.look.colour }\n'
    expect(await client.open(file, text)).toEqual([])
    const next = client.published(file)
    writeFileSync(join(home, 'lab/pack.yaml'), manifest('shape'))
    await client.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: [{ uri: uriOf(join(home, 'lab/pack.yaml')), type: 2 }],
    })
    expect((await next).map(({ code }) => code)).toEqual(['PROPERTY_UNKNOWN'])
    expect(JSON.stringify(client.watched)).toContain('**/pack.yaml')
  })

  test('packs that differ from those that were locked are reported where the runbook begins', async () => {
    const home = at('locked')
    mkdirSync(home)
    writeFileSync(
      join(home, 'holdfast.lock.yaml'),
      `lock: 1\npacks:\n  sangfor-scp:\n    version: 1.0.0\n    sha256: '${'0'.repeat(64)}'\n`,
    )
    const found = await client.open(join(home, 'a.runbook.yaml'), SMALL)
    const changed = found.find(({ code }) => code === 'LOCK_PACK_CHANGED')
    expect(changed?.range.start.line).toBe(0)
    expect(changed?.relatedInformation?.[0]?.location.uri ?? '').toMatch(/holdfast\.lock\.yaml$/)
  })

  test('a closed document has none, and one that was never saved has some', async () => {
    const file = at('closing.runbook.yaml')
    expect(await client.open(file, 'runbook: 1\n')).not.toEqual([])
    const gone = client.published(file)
    client.close(file)
    expect(await gone).toEqual([])
    const unsaved = await client.open('untitled:Untitled-1', SMALL.replace('scp/server.get', 'scp/server.gett'))
    expect(unsaved.map(({ code }) => code)).toEqual(['ACTION_UNKNOWN'])
  })
})

test('a document of another kind is left alone, whatever its editor calls it', async () => {
  const file = at('values.yaml')
  expect(await client.open(file, 'replicas: 2\nimage: [\n', 'yaml')).toEqual([])
  expect(await client.request('textDocument/documentSymbol', { textDocument: { uri: uriOf(file) } })).toBeNull()
  expect(await client.change(file, { text: 'runbook: 1\n' })).not.toEqual([])
})

describe('garbage', () => {
  const GARBAGE = [
    '',
    '\0\0\0',
    '{'.repeat(20_000),
    '- - - -\n  - :',
    'runbook: [',
    '\u2028🔥: |\n x\n\ty',
    'a: &a [*a]',
    '%YAML 9\n---\n...',
  ]
  test.each(GARBAGE.map((text, index) => [index, text] as const))(
    'text %i is answered to every question',
    async (index, text) => {
      const file = at(`garbage-${index}.runbook.yaml`)
      await client.open(file, text)
      const document = { textDocument: { uri: uriOf(file) }, position: { line: 0, character: Math.min(3, text.length) } }
      for (const method of ['completion', 'hover', 'definition', 'documentSymbol', 'prepareRename'])
        await client.request(`textDocument/${method}`, document)
      await client.request('textDocument/references', { ...document, context: { includeDeclaration: true } })
      await client.request('textDocument/codeAction', {
        ...document,
        range: { start: document.position, end: document.position },
        context: { diagnostics: [] },
      })
    },
  )

  test('a document of 20,000 lines is checked', async () => {
    const steps = Array.from({ length: 5000 }, (_, index) => `  - id: s${index}\n    wait:\n      for: 1s\n\n`).join('')
    expect(await client.open(at('big.runbook.yaml'), `runbook: 1\nname: lab/big\nversion: 1.0.0\nsteps:\n${steps}`)).toEqual([])
  })
})

describe('completion', () => {
  const labels = async (text: string, mark: string): Promise<readonly string[]> => {
    const file = at('completing.runbook.yaml')
    await client.open(file, text)
    const answer = await client.ask<CompletionList>('textDocument/completion', file, text, mark)
    client.close(file)
    return answer.items.toSorted((a, b) => (a.sortText ?? '').localeCompare(b.sortText ?? '')).map(({ label }) => label)
  }

  test('offers actions behind an alias, with docs', async () => {
    const text = SMALL.replace('scp/server.get', 'scp/')
    expect(await labels(text, 'uses: scp/')).toContain('scp/snapshot.create')
  })

  test('offers typed paths in an expression that is not closed', async () => {
    const text = SMALL.replace('steps.vm.status = "running" }', 'steps.vm.')
    expect(await labels(text, "that: '${ steps.vm.")).toEqual(expect.arrayContaining(['name', 'status']))
  })

  test('replaces exactly the word, behind characters of two units', async () => {
    const file = at('exact.runbook.yaml')
    await client.open(file, SMALL)
    const mark = '🔥 \\" & steps.vm.na'
    const { items } = await client.ask<CompletionList>('textDocument/completion', file, SMALL, mark)
    const name = items.find(({ label }) => label === 'name')
    const end = positionOf(SMALL, '🔥 \\" & steps.vm.name')
    expect(name?.textEdit).toEqual({ newText: 'name', range: { start: { ...end, character: end.character - 4 }, end } })
  })
})

describe('reading', () => {
  const file = (): string => at('reading.runbook.yaml')
  beforeAll(() => client.open(file(), SMALL))

  test('hover tells of actions, arguments, steps and the types of expressions', async () => {
    const hover = async (mark: string): Promise<string> => {
      const answer = await client.ask<Hover | null>('textDocument/hover', file(), SMALL, mark)
      return JSON.stringify(answer?.contents)
    }
    expect(await hover('uses: scp/server.g')).toContain('sangfor-scp/server.get')
    expect(await hover('steps.vm.sta')).toContain('text')
    expect(await hover("that: '${ steps.v")).toContain('Output')
    expect(await hover('    wi')).toContain('Arguments')
    expect(await hover('inputs.server')).toContain('VM to look at 🖥')
    expect(await hover('  sc')).toContain('Sangfor SCP')
  })

  test('definition leads to steps, inputs, targets, packs and actions', async () => {
    const line = async (mark: string): Promise<string | undefined> => {
      const answer = await client.ask<Location | null>('textDocument/definition', file(), SMALL, mark)
      if (answer?.uri === uriOf(file())) return SMALL.split('\n')[answer.range.start.line]?.trim()
      return answer
        ? `${answer.uri.split('/').slice(-2).join('/')}: ${readFileSync(new URL(answer.uri), 'utf8').split('\n')[answer.range.start.line]?.trim()}`
        : undefined
    }
    expect(await line("that: '${ steps.v")).toBe('- id: vm')
    expect(await line('${ inputs.server')).toMatch(/^serverId: \{/)
    expect(await line('${ targets.clo')).toBe('cloud: scp/Connection')
    expect(await line('uses: scp/server.g')).toBe('sangfor-scp/pack.yaml: server.get:')
    expect(await line('uses: sc')).toBe('sangfor-scp/pack.yaml: name: sangfor-scp')
    expect(await line('cloud: scp/Conn')).toBe('sangfor-scp/pack.yaml: Connection:')
  })

  test('symbols are the steps', async () => {
    const symbols = await client.request<DocumentSymbol[]>('textDocument/documentSymbol', {
      textDocument: { uri: uriOf(file()) },
    })
    expect(symbols.map(({ name, detail }) => `${name} ${detail}`)).toEqual([
      'scp sangfor-scp@^1.0.0',
      'cloud scp/Connection',
      'vm scp/server.get',
      'fit core/assert',
    ])
  })

  test('references are found with and without the declaration', async () => {
    const ask = (includeDeclaration: boolean): Promise<Location[]> =>
      client.ask('textDocument/references', file(), SMALL, '- id: vm', { context: { includeDeclaration } })
    expect(await ask(true)).toHaveLength(4)
    expect(await ask(false)).toHaveLength(3)
  })
})

describe('rename', () => {
  test('changes the id and every expression that names it, and the runbook stays right', async () => {
    const file = at('renaming.runbook.yaml')
    await client.open(file, SMALL)
    expect(await client.ask('textDocument/prepareRename', file, SMALL, '- id: v')).toMatchObject({
      start: positionOf(SMALL, '- id: '),
    })
    const edit = await client.ask<WorkspaceEdit>('textDocument/rename', file, SMALL, '- id: v', { newName: 'machine' })
    const renamed = applied(SMALL, file, edit)
    expect(renamed).toBe(SMALL.replaceAll('steps.vm.', 'steps.machine.').replace('- id: vm', '- id: machine'))
    expect(await client.change(file, { text: renamed })).toEqual([])
  })

  test('refuses an id that is none, and one that is taken', async () => {
    const file = at('refusing.runbook.yaml')
    await client.open(file, SMALL)
    const rename = (newName: string): Promise<unknown> => client.ask('textDocument/rename', file, SMALL, '- id: v', { newName })
    await expect(rename('a-b')).rejects.toThrow(/cannot be a step id/)
    await expect(rename('fit')).rejects.toThrow(/Another step .* is called fit/)
  })
})

describe('code actions', () => {
  const fixes = async (text: string, mark: string): Promise<readonly { title: string; text: string }[]> => {
    const file = at('fixing.runbook.yaml')
    await client.open(file, text)
    const position = positionOf(text, mark)
    const actions = await client.request<CodeAction[]>('textDocument/codeAction', {
      textDocument: { uri: uriOf(file) },
      range: { start: position, end: position },
      context: { diagnostics: [] },
    })
    client.close(file)
    return actions.map(({ title, edit }) => ({ title, text: applied(text, file, edit ?? {}) }))
  }

  test('write what was meant', async () => {
    const [fix] = await fixes(SMALL.replace('scp/server.get', 'scp/server.gett'), 'uses: scp/server.g')
    expect(fix).toEqual({ title: 'Write scp/server.get', text: SMALL })
  })

  test('add the arguments that are missing', async () => {
    const [fix] = await fixes(SMALL.replace('      cloud: ${ targets.cloud }\n', ''), 'uses: scp/server.g')
    expect(fix).toEqual({
      title: 'Add cloud',
      text: SMALL.replace('      cloud: ${ targets.cloud }\n', '').replace(
        '      serverId: ${ inputs.serverId }\n',
        '      serverId: ${ inputs.serverId }\n      cloud: ${ targets.cloud }\n',
      ),
    })
  })
})

describe('formatting', () => {
  const format = async (text: string): Promise<string | null> => {
    const file = at('formatting.runbook.yaml')
    await client.open(file, text)
    const edits = await client.request<TextEdit[] | null>('textDocument/formatting', {
      textDocument: { uri: uriOf(file) },
      options: { tabSize: 2, insertSpaces: true },
    })
    client.close(file)
    return edits && applied(text, file, { changes: { [uriOf(file)]: edits } })
  }

  test('lays a runbook out once, and keeps its comments', async () => {
    const tidy = await format(SMALL.replace('steps:', '# what it does\nsteps:').replace('version: 1.0.0', 'version:    1.0.0'))
    expect(tidy).toContain('version: 1.0.0\n')
    expect(tidy).toContain('# what it does\n')
    expect(await format(tidy ?? '')).toBe(tidy)
  })

  test('leaves a text alone that cannot be read', async () => {
    expect(await format('runbook: [')).toBeNull()
  })
})

describe('taking leave', () => {
  test('an exit without shutdown is a failure, as the protocol says', async () => {
    const hasty = await startClient(folder)
    await hasty.connection.sendNotification('exit')
    expect(await hasty.exited).toBe(1)
  })

  test('it ends when the editor hangs up', async () => {
    const lost = await startClient(folder)
    lost.connection.end()
    expect(await lost.exited).toBe(1)
  })
})
