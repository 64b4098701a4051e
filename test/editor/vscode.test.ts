// The VS Code extension: what its package holds, and that it starts `holdfast lsp` with nothing but what it holds.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, extname, join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packVscode } from '../../scripts/pack-vscode.ts'

let folder = ''
let files: ReadonlyMap<string, Buffer> = new Map()

/** The files of a zip, told by its central directory (APPNOTE 4.3.12). */
function unzip(zip: Buffer): ReadonlyMap<string, Buffer> {
  const end = zip.lastIndexOf(Buffer.from('504b0506', 'hex'))
  let at = zip.readUInt32LE(end + 16)
  const found = new Map<string, Buffer>()
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [method, size, nameLength, extraLength, commentLength, local] = [
      zip.readUInt16LE(at + 10),
      zip.readUInt32LE(at + 20),
      zip.readUInt16LE(at + 28),
      zip.readUInt16LE(at + 30),
      zip.readUInt16LE(at + 32),
      zip.readUInt32LE(at + 42),
    ]
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    const data = zip.subarray(start, start + size)
    found.set(name, method === 8 ? inflateRawSync(data) : data)
    at += 46 + nameLength + extraLength + commentLength
  }
  return found
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-vsix-'))
  await packVscode(join(folder, 'holdfast.vsix'))
  files = unzip(readFileSync(join(folder, 'holdfast.vsix')))
  for (const [name, data] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), data)
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const textOf = (name: string): string => files.get(name)?.toString('utf8') ?? ''

test('the package has both manifests, and every file that they name', () => {
  const vsix = textOf('extension.vsixmanifest')
  const manifest = JSON.parse(textOf('extension/package.json'))
  expect(vsix).toContain(
    `<Identity Language="en-US" Id="${manifest.name}" Version="${manifest.version}" Publisher="${manifest.publisher}"/>`,
  )
  expect(vsix).toContain(`Value="${manifest.engines.vscode}"`)
  const assets = [...vsix.matchAll(/Path="([^"]+)"/g)].map(([, path = '']) => path)
  const named = [manifest.main, manifest.contributes.languages[0].configuration, manifest.contributes.grammars[0].path]
  const schemas = manifest.contributes.yamlValidation.map(({ url }: { url: string }) => url)
  for (const path of [...named, ...schemas].map((each) => join('extension', each)).concat(assets))
    expect(files.has(path), path).toBe(true)
  const kinds = new Set([...files.keys()].map(extname).filter((kind) => kind !== '' && kind !== '.xml'))
  for (const kind of kinds) expect(textOf('[Content_Types].xml'), kind).toContain(`Extension="${kind}"`)
})

test('the extension has the version of Holdfast, and its runbooks have a language and a schema', () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
  const manifest = JSON.parse(textOf('extension/package.json'))
  expect(manifest.version).toBe(version)
  expect(manifest.contributes.languages[0]).toMatchObject({ id: 'holdfast-runbook', extensions: ['.runbook.yaml'] })
  expect(manifest.contributes.yamlValidation[0]).toEqual({ fileMatch: '*.runbook.yaml', url: './schemas/runbook.schema.json' })
  expect(JSON.parse(textOf('extension/schemas/runbook.schema.json')).title).toBe('Holdfast runbook')
})

test('packing twice makes the same bytes', async () => {
  await packVscode(join(folder, 'again.vsix'))
  expect(readFileSync(join(folder, 'again.vsix')).equals(readFileSync(join(folder, 'holdfast.vsix')))).toBe(true)
})

test('it loads from the package alone, and starts the program of the settings', () => {
  // What VS Code would give it is stood in for by something that has every name; the client library is stopped at its last door.
  mkdirSync(join(folder, 'extension/node_modules/vscode'))
  writeFileSync(
    join(folder, 'extension/node_modules/vscode/index.js'),
    `const named = { version: '1.91.0', workspace: { getConfiguration: () => ({ get: (_, otherwise) => otherwise }) } }
    const anything = (own) => new Proxy(class {}, { get: (of, name) => own[name] ?? (name === 'prototype' ? of[name] : anything({})) })
    module.exports = anything(named)`,
  )
  const script = `
    const client = require('./extension/node_modules/vscode-languageclient/lib/node/main.js')
    const started = []
    client.LanguageClient = class {
      constructor(id, name, server, { documentSelector }) { started.push({ server, documentSelector }) }
      async start() {}
    }
    require('./extension/client.cjs').activate().then(() => console.log(JSON.stringify(started)), (error) => console.error(error.stack))
  `
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: folder, encoding: 'utf8' })
  expect(stderr).toBe('')
  const [{ server, documentSelector }] = JSON.parse(stdout)
  expect(server).toEqual({ command: 'holdfast', args: ['lsp'] })
  expect(documentSelector).toContainEqual({ language: 'holdfast-runbook' })
})
