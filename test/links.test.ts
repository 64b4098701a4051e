// What the documents point at is there: pages and headings of links, files of the repository, scripts of npm, commands and their options.
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createProgram } from '../src/cli/program/index.ts'
import { createTestHost } from './cli/test-host.ts'

const root = join(import.meta.dirname, '..')
const program = createProgram(createTestHost(root).host, () => undefined)
type Command = typeof program

const scripts = Object.keys(
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly scripts: Record<string, string> }).scripts,
)
const documents = globSync(['*.md', 'docs/**/*.md', 'runbooks/*/README.md', 'editors/**/*.md'], {
  cwd: root,
  exclude: ['**/node_modules/**'],
})
/** They tell what was, under the names of their day. */
const PAST = /^(CHANGELOG\.md|docs\/decisions\/)/

const FENCES = /^(```+)[^\n]*\n([\s\S]*?)^\1/gm
const SPANS = /`([^`\n]+)`/g

/** As GitHub makes anchors of headings. */
const anchorsIn = (text: string): readonly string[] =>
  [...text.replace(FENCES, '').matchAll(/^#+ +(.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

const linksIn = (text: string): readonly string[] =>
  [
    ...text
      .replace(FENCES, '')
      .replaceAll(SPANS, '')
      .matchAll(/\]\(([^)\s]+)[^)]*\)/g),
  ].map(([, to = '']) => to)
const isLocal = (to: string): boolean => !/^[a-z]+:/.test(to)

const deadLinks = (text: string, path: string): readonly string[] =>
  linksIn(text).filter((to) => isLocal(to) && !isThere(text, path, to))

function isThere(text: string, from: string, to: string): boolean {
  const [name = '', anchor] = to.split('#')
  const file = join(root, dirname(from), name)
  if (name !== '' && !existsSync(file)) return false
  if (anchor === undefined) return true
  return (name === '' || statSync(file).isFile()) && anchorsIn(name === '' ? text : readFileSync(file, 'utf8')).includes(anchor)
}
const codeIn = (text: string): readonly string[] => [
  ...[...text.matchAll(FENCES)].flatMap(([, , code = '']) => code.split('\n')),
  ...[...text.replace(FENCES, '').matchAll(SPANS)].map(([, code = '']) => code),
]

/** Folders of the repository, not of a reader's. */
const lostFiles = (text: string): readonly string[] =>
  [...text.replace(FENCES, '').matchAll(SPANS)]
    .map(([, code = '']) => code)
    .filter((code) => /^(src|test|docs|scripts|bin|schemas|editors)\/[\w./-]+$/.test(code))
    .filter((code) => !existsSync(join(root, normalize(code))))

const lostScripts = (text: string): readonly string[] =>
  [...text.matchAll(/npm run (?:-s |--silent )?([a-z][\w:-]*)/g)]
    .map(([, name = '']) => name)
    .filter((name) => !scripts.includes(name))

function lostCommands(text: string): readonly string[] {
  return codeIn(text).flatMap((line) => {
    const [, rest] = /(?:^|[$;&|] )holdfast ([a-z].*)$/.exec(line) ?? []
    return rest === undefined ? [] : problemsOfCall(rest.replace(/ [|#>&;].*$/, ''))
  })
}

function problemsOfCall(call: string): readonly string[] {
  const words = call.split(/\s+/)
  let command: Command | undefined = program
  while (command && command.commands.length > 0) {
    const word = words.shift() ?? ''
    if (word === 'help' || !/^[a-z]/.test(word)) return []
    const next: Command | undefined = command.commands.find((each) => each.name() === word || each.aliases().includes(word)) as
      | Command
      | undefined
    if (!next) return /^[a-z-]+$/.test(word) && !hasDefault(command) ? [`holdfast ${call}`] : []
    command = next
  }
  const known = [...(command?.options ?? []), ...program.options].flatMap(({ long, short }) => [long, short])
  return words
    .map((word) => word.replace(/[=,.:)].*$/, ''))
    .filter((word) => /^--?[a-z]/.test(word) && word !== '--help' && !known.includes(word))
    .map((option) => `holdfast ${call}: ${option}`)
}

const hasDefault = (command: Command): boolean => command.registeredArguments.length > 0

const living = documents.filter((path) => !PAST.test(path))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const foundIn = (paths: readonly string[], look: (text: string, path: string) => readonly string[]): readonly string[] =>
  paths.flatMap((path) => look(read(path), path).map((lost) => `${path}: ${lost}`))

describe('documents', () => {
  test('link to pages and headings that are there', () => {
    expect(foundIn(documents, deadLinks)).toEqual([])
  })

  test('name files of the repository that are there', () => {
    expect(foundIn(living, lostFiles)).toEqual([])
  })

  test('name scripts of npm that are there', () => {
    expect(foundIn(living, lostScripts)).toEqual([])
  })

  test('name commands and options that are there', () => {
    expect(foundIn(living, lostCommands)).toEqual([])
  })

  test('are found from the first page', () => {
    const seen = new Set<string>()
    const look = (path: string): void => {
      if (seen.has(path)) return
      seen.add(path)
      for (const to of linksIn(read(path)).filter(isLocal)) {
        const file = join(dirname(path), to.split('#')[0] ?? '')
        if (file.endsWith('.md')) look(file)
      }
    }
    look('README.md')
    expect(documents.filter((path) => /^docs\/(guide|formats|[^/]+\.md)/.test(path) && !seen.has(path))).toEqual([])
  })

  test('and what is lost is noticed', () => {
    const page = [
      '# Two words, `code` & more',
      '[a](docs/none.md) [b](#nowhere) [c](#two-words-code--more) [d](docs/performance.md#nowhere) [e](docs) [f](https://example.com)',
      '`src/none.ts` `src/main.ts` npm run none `npm run -s fresh`',
      '```bash',
      'holdfast run backup --none --plan p.json',
      '$ holdfast vault none | tail -1',
      '```',
      '`holdfast check --verify --watch`, `holdfast vault verify VAULT --nine`, the `holdfast.config.yaml`',
    ].join('\n')
    expect(deadLinks(page, 'README.md')).toEqual(['docs/none.md', '#nowhere', 'docs/performance.md#nowhere'])
    expect(lostFiles(page)).toEqual(['src/none.ts'])
    expect(lostScripts(page)).toEqual(['none'])
    expect(lostCommands(page)).toEqual([
      'holdfast run backup --none --plan p.json: --none',
      'holdfast vault none',
      'holdfast vault verify VAULT --nine: --nine',
    ])
  })
})
