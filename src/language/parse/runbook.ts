// Text → runbook. All problems in one pass; it never throws on bad input and knows no catalogue.
import type { Diagnostic } from '../../diagnostics/index.ts'
import type { JsonSchema } from '../../values/index.ts'
import * as codes from '../codes/index.ts'
import type { PackUse, Runbook, TargetDeclaration } from '../model.ts'
import { entryOf, type ReadInPart, readYamlInPart, type YamlNode } from '../syntax/index.ts'
import { formatProblem } from '../versions/index.ts'
import { stepsOf } from './block.ts'
import { ids, mapOf, object, objectSchema, optional, type Reading, required, type Shape, spanned, text } from './shape.ts'
import { step, stepSchema } from './step.ts'
import { schema, template, toField } from './values.ts'

export interface ParsedRunbook {
  /** Only when there is no error: a runbook with a part missing must never run. */
  readonly runbook?: Runbook
  /** What could be read in spite of errors, so that the rest can be checked too. */
  readonly draft?: Draft
  readonly diagnostics: readonly Diagnostic[]
}

export interface Draft {
  readonly runbook: Runbook
  /** Steps that are left out because they could not be read, each with its text, by id. */
  readonly broken: ReadonlyMap<string, string>
}

const NAME = /^[a-z0-9][a-z0-9-]*(?:\/[a-z0-9][a-z0-9-]*)?$/
const VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/
const USE = /^([a-z0-9][a-z0-9-]*)@((?:[\^~]|>=|<=|>|<|=)?\s*\d[^\s]*(?:\s+(?:[\^~]|>=|<=|>|<|=)?\s*\d[^\s]*)*)$/
const TARGET = /^([a-z][A-Za-z0-9]*)\/([A-Z][A-Za-z0-9]*)$/

const KEYS = {
  runbook: required({ schema: { const: 1 }, read: readFormat } satisfies Shape<1>, 'Version of the runbook format: 1.'),
  name: required(text('a name such as sangfor-scp/vm-backup', NAME), 'Pack or team, a slash, and what the runbook does.'),
  version: required(text('a version such as 1.0.0', VERSION), 'A version never changes its meaning (semantic versioning).'),
  title: optional(text('text'), 'One line for people.'),
  use: optional(
    mapOf(spanned(text('a pack and a version range, such as sangfor-scp@^1.0.0', USE)), 'a map of packs', ids('an alias')),
    'Packs by the alias under which the steps call their actions. core is always there.',
  ),
  targets: optional(
    mapOf(spanned(text('a connection type such as scp/Connection', TARGET)), 'a map of targets', ids('a target')),
    'Systems that the runbook works on, by name, each with its connection type. The operator binds them; credentials stand there only.',
  ),
  inputs: optional(spanned(schema), 'JSON Schema (2020-12) of the inputs, of type object.'),
  steps: required(stepsOf(step), 'The steps, one after the other.'),
  outputs: optional(mapOf(template, 'a map of outputs', ids('an output')), 'What the run answers: results by name.'),
} as const

const shape = object('a runbook', KEYS)

/** JSON Schema (draft 2020-12) of a runbook, for editors. */
export const runbookSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Holdfast runbook',
  ...objectSchema(KEYS),
  $defs: { step: stepSchema },
}

/** Parses a runbook. `file` names it in spans. */
export function parseRunbook(text: string, file: string): ParsedRunbook {
  const { root, diagnostics: found, holes } = readYamlInPart(text, file, Object.keys(KEYS))
  if (!root) {
    return { diagnostics: found.length > 0 ? found : [codes.documentEmpty({ file, start: 0, end: Math.min(1, text.length) })] }
  }
  const isMeant = meantBeside(holes, text)
  const format = formatProblem(root, 'runbook')
  if (format) return { diagnostics: [...found, ...[format].filter(isMeant)] }
  const to: Reading = { text, diagnostics: [], broken: new Map() }
  const runbook = readRunbook(root, to)
  const diagnostics = [...found, ...to.diagnostics.filter(isMeant)]
  if (!runbook || !mayBeChecked(holes, root)) return { diagnostics }
  for (const { start, end } of holes) {
    const left = text.slice(start, end)
    // Steps beside it, too, where the indentation is what is wrong.
    for (const [, id = ''] of left.matchAll(/\bid: +([a-z][A-Za-z0-9]*)/g)) to.broken.set(id, left)
  }
  const failed = diagnostics.some(({ severity }) => severity === 'error')
  return { ...(failed ? {} : { runbook }), draft: { runbook, broken: to.broken }, diagnostics }
}

/** What is left of a hole is not as it was meant, and a hole among the entries may have swallowed another. */
const meantBeside =
  (holes: ReadInPart['holes'], text: string) =>
  ({ code, span }: Diagnostic): boolean =>
    !span ||
    !holes.some(
      ({ kind, start, end }) =>
        (start <= span.start && span.start < end) ||
        (kind === 'entry' && code === 'KEY_MISSING' && text.lastIndexOf('\n', span.start) === span.start - 1),
    )

/** Not where what the rest refers to is unreadable, or may have gone with an entry that is. */
const mayBeChecked = (holes: ReadInPart['holes'], root: YamlNode): boolean =>
  holes.every(
    (hole) =>
      hole.kind === 'step' ||
      (NEVER_REFERRED_TO.includes(hole.key) && REFERRED_TO.every((key) => root.kind === 'map' && entryOf(root, key))),
  )

const NEVER_REFERRED_TO: readonly string[] = ['title', 'outputs'] satisfies (keyof typeof KEYS)[]
const REFERRED_TO = ['use', 'targets', 'inputs'] as const satisfies (keyof typeof KEYS)[]

/** That it is another one has been said before. */
function readFormat(node: YamlNode): 1 | undefined {
  if (node.kind === 'scalar' && node.value === 1) return 1
  return undefined
}

function readRunbook(root: YamlNode, to: Reading): Runbook | undefined {
  const read = shape.read(root, to)
  if (!read) return undefined
  return {
    format: read.runbook,
    name: read.name,
    version: read.version,
    ...(read.title === undefined ? {} : { title: read.title }),
    uses: (read.use ?? []).map(({ name, nameSpan, value }) => packUse(name, nameSpan, value.value, value.span, to)),
    targets: (read.targets ?? []).map(({ name, value }) => targetDeclaration(name, value.value, value.span)),
    ...(read.inputs ? { inputs: read.inputs.value, inputsSpan: read.inputs.span } : {}),
    steps: read.steps,
    outputs: (read.outputs ?? []).map(toField),
    span: root.span,
  }
}

function packUse(alias: string, aliasSpan: PackUse['span'], written: string, span: PackUse['span'], to: Reading): PackUse {
  if (alias === 'core') to.diagnostics.push(codes.aliasReserved(aliasSpan))
  const [, pack = '', range = ''] = USE.exec(written) ?? []
  return { alias, pack, range, span }
}

function targetDeclaration(name: string, written: string, span: TargetDeclaration['span']): TargetDeclaration {
  const [, alias = '', connection = ''] = TARGET.exec(written) ?? []
  return { name, alias, connection, span }
}
