// The reference pages, each from the table in the code that it describes.
import { dirname } from 'node:path'
import { codeGroups } from '../../src/cli/code-meanings.ts'
import { examplesOf, pageAsMarkdown } from '../../src/cli/explain/index.ts'
import { EXIT_CODES, type Host } from '../../src/cli/index.ts'
import { createProgram } from '../../src/cli/program/program.ts'
import { EVENTS } from '../../src/cli/views/index.ts'
import type { Pack } from '../../src/packs/index.ts'
import { formatDuration, isObject, type JsonSchema } from '../../src/values/index.ts'
import { readSeeds, seedLines } from './seeds.ts'
import { shippedPacks } from './shipped-packs.ts'

type Command = ReturnType<typeof createProgram>

export async function referencePages(host: Host): Promise<Readonly<Record<string, string>>> {
  const program = createProgram(host, () => undefined)
  return {
    'docs/reference/exit-codes.md': exitCodesPage(),
    'docs/reference/diagnostics.md': diagnosticsPage(),
    ...codePages(host),
    'docs/reference/events.md': eventsPage(),
    'docs/reference/cli.md': cliPage(program),
    'docs/reference/seeds.md': seedsPage(host),
    'docs/reference/actions.md': actionsPage(await shippedPacks(host)),
  }
}

const page = (title: string, lines: readonly string[]): string =>
  `# ${title}\n\n<!-- Generated from the code: npm run generate -->\n\n${lines.join('\n').trim()}\n`
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
const head = (...cells: readonly string[]): readonly string[] => [row(...cells), row(...cells.map(() => '---'))]

const exitCodesPage = (): string =>
  page('Exit codes', [
    'Every command ends with one of these. A code never changes meaning.',
    '',
    ...head('code', 'name', 'what it means', 'what to do next'),
    ...Object.entries(EXIT_CODES).map(([name, { code, meaning, next }]) => row(String(code), name, meaning, next)),
  ])

const seedsPage = ({ packsDirectory }: Host): string =>
  page(
    'What the vendors’ texts ask for',
    seedLines(readSeeds(dirname(packsDirectory)), (names, rows) => [...head(...names), ...rows.map((cells) => row(...cells))]),
  )

const diagnosticsPage = (): string =>
  page('Diagnostics', [
    'What Holdfast says about texts that people write, and about the command line. A code never changes meaning.',
    '`holdfast explain CODE` prints the same pages.',
    '',
    ...codeGroups.flatMap(({ title, codes }) => [
      `## ${title}`,
      '',
      ...head('code', 'what it says'),
      ...Object.entries(codes)
        .toSorted(([a], [b]) => a.localeCompare(b))
        .map(([code, { title: says }]) => row(`[\`${code}\`](diagnostics/${code}.md)`, says)),
      '',
    ]),
  ])

const codePages = ({ examplesDirectory }: Host): Readonly<Record<string, string>> =>
  Object.fromEntries(
    codeGroups.flatMap(({ title, codes }) =>
      Object.entries(codes).map(([code, meaning]) => {
        const examples = examplesOf(code, examplesDirectory)
        const text = pageAsMarkdown({ code, ...meaning, group: title, ...(examples ? { examples } : {}) })
        return [`docs/reference/diagnostics/${code}.md`, `<!-- Generated from the code: npm run generate -->\n\n${text}`]
      }),
    ),
  )

const eventsPage = (): string =>
  page('JSON lines', [
    '`--format json` prints one JSON object a line. The list is closed; programs may rely on it, and it changes only by addition.',
    'Every line but `refused` also has `event`, `at` (ISO 8601) and `run`. Its schema is `schemas/events.schema.json` (`holdfast schema events`).',
    '',
    ...Object.entries(EVENTS).flatMap(([name, { title, properties }]) => [
      `## ${name}`,
      '',
      title,
      '',
      ...(Object.keys(properties).length === 0
        ? []
        : [
            ...head('property', 'type', 'what it is'),
            ...Object.entries(properties).map(([key, schema]) => row(`\`${key}\``, typeOf(schema), descriptionOf(schema))),
            '',
          ]),
    ]),
  ])

function cliPage(program: Command): string {
  const describe = (command: Command, path: string): readonly string[] => {
    const help = command.createHelp()
    const [own, inherited] = [help.visibleOptions(command), help.visibleArguments(command)]
    const lines = [
      `## ${path}`,
      '',
      command.description(),
      '',
      `\`\`\`text\n${path}${help.commandUsage(command).slice(help.commandUsage(command).indexOf(command.name()) + command.name().length)}\n\`\`\``,
      '',
      ...(inherited.length + own.length === 0 ? [] : head('', 'what it is')),
      ...inherited.map((argument) => row(`\`${help.argumentTerm(argument)}\``, help.argumentDescription(argument))),
      ...own.map((option) => row(`\`${help.optionTerm(option)}\``, help.optionDescription(option))),
      '',
    ]
    return [...lines, ...command.commands.flatMap((child) => describe(child, `${path} ${child.name()}`))]
  }
  return page('Command line', describe(program, 'holdfast'))
}

const actionsPage = (packs: readonly Pack[]): string =>
  page(
    'Actions',
    packs.flatMap((pack) => [
      `## ${pack.name} ${pack.version}`,
      '',
      pack.title,
      '',
      ...Object.values(pack.actions).flatMap((action) => [
        `### ${action.name}`,
        '',
        `${action.title}. Effect: ${action.effect}${action.resource ? ` of \`${action.resource}\`` : ''}; time-out ${formatDuration(action.timeoutMs)}.`,
        '',
        ...head('', 'name', 'type', 'what it is'),
        ...propertyRows('input', action.input),
        ...propertyRows('output', action.output),
        ...Object.entries(action.failures).map(([type, failure]) =>
          row('failure', `\`${type}\``, failure.retryable ? 'tried again' : '', failure.message),
        ),
        '',
      ]),
    ]),
  )

function propertyRows(kind: string, schema: JsonSchema): readonly string[] {
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(isObject(schema.properties) ? schema.properties : {}).map(([name, property]) =>
    row(kind, `\`${name}${required.includes(name) ? '' : '?'}\``, typeOf(property), descriptionOf(property)),
  )
}

function typeOf(schema: unknown): string {
  if (!isObject(schema)) return 'any'
  if (typeof schema.$ref === 'string') return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)
  if (typeof schema['x-connection'] === 'string') return `target ${schema['x-connection']}`
  if (Array.isArray(schema['x-resource'])) return `handle of ${schema['x-resource'].join(' or ') || 'anything held'}`
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' or ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.type === 'array') return `list of ${typeOf(schema.items)}`
  return Array.isArray(schema.type) ? schema.type.join(' or ') : typeof schema.type === 'string' ? schema.type : 'any'
}

const descriptionOf = (schema: unknown): string =>
  isObject(schema) && typeof schema.description === 'string' ? schema.description : ''
