// Texts → Pack. Pure: it reads no files. All problems come back in one pass; a pack comes back only without errors.
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import valid from 'semver/functions/valid.js'
import type { Diagnostic } from '../diagnostics/index.ts'
import { formatProblem, readYaml, schemaDiagnostics, toJson, type YamlNode } from '../language/index.ts'
import { isObject, type JsonObject, validator } from '../values/index.ts'
import { checkActions } from './check-actions.ts'
import { checkMeanings } from './check-meanings.ts'
import { checkOperations } from './check-operations.ts'
import { checkResources } from './check-resources.ts'
import { checkTemplates } from './check-templates.ts'
import { type Checked, SECTIONS } from './checked.ts'
import * as codes from './codes.ts'
import { toPack } from './manifest.ts'
import type { Pack } from './model.ts'
import { operationsOf, readOpenapi } from './openapi.ts'
import { keySpanAt, spanAt } from './place.ts'
import type { RawPack } from './raw-manifest.ts'
import { packSchema } from './schema.ts'
import { withShapes, writtenAt } from './shapes.ts'

/** A text and the name of the file that it stands in, for diagnostics. */
export interface SourceText {
  readonly file: string
  readonly text: string
}

export interface ParsedPack {
  /** Absent when there are errors. */
  readonly pack?: Pack
  readonly diagnostics: readonly Diagnostic[]
}

export type ParsePack = typeof parsePack

/** Opens the file of that name beside the manifest; undefined when it cannot be read. */
export type OpenBeside = (name: string) => Promise<SourceText | undefined>

/** Parses and checks a manifest and its OpenAPI document. Without the latter, operations are not checked and cannot be called. */
export function parsePack(manifest: SourceText, openapi?: SourceText): Promise<ParsedPack> {
  return readPack(manifest, async () => openapi, openapi !== undefined)
}

/** As `parsePack`. Without `operations` the OpenAPI document counts for the hash only: enough to check and plan runbooks. */
export async function readPack(manifest: SourceText, openBeside: OpenBeside, operations: boolean): Promise<ParsedPack> {
  const { root, diagnostics: syntax } = readYaml(manifest.text, manifest.file)
  const diagnostics: Diagnostic[] = [...syntax]
  if (!root) {
    if (diagnostics.length === 0) diagnostics.push(codes.documentEmpty({ file: manifest.file, start: 0, end: 0 }))
    return { diagnostics }
  }
  const format = formatProblem(root, 'pack')
  if (format) return { diagnostics: [...diagnostics, format] }
  diagnostics.push(...schemaDiagnostics(root, packSchema, 'PACK'))
  const json = toJson(root)
  if (!isObject(json)) return { diagnostics }

  const openapi = typeof json.openapi === 'string' ? await openBeside(json.openapi) : undefined
  if (operations && typeof json.openapi === 'string' && !openapi) {
    diagnostics.push(codes.fileMissing(json.openapi, spanAt(root, ['openapi'])))
  }
  const document = operations && openapi ? await readDocument(openapi, diagnostics) : undefined
  const pack = checkedPack(root, json, { hash: packHash(manifest, openapi), document, diagnostics })
  return diagnostics.some(({ severity }) => severity === 'error') ? { diagnostics } : { pack, diagnostics }
}

/** sha256 over the manifest and the OpenAPI text, hex. */
export function packHash(manifest: SourceText, openapi: SourceText | undefined): string {
  const hash = createHash('sha256').update(manifest.text)
  if (openapi) hash.update('\0').update(openapi.text)
  return hash.digest('hex')
}

async function readDocument({ text, file }: SourceText, diagnostics: Diagnostic[]): Promise<JsonObject | undefined> {
  const { root, diagnostics: syntax } = readYaml(text, file)
  diagnostics.push(...syntax)
  if (!root) return undefined
  const { document, diagnostics: found } = await readOpenapi(root)
  diagnostics.push(...found)
  return document
}

interface Reading {
  readonly hash: string
  readonly document: JsonObject | undefined
  readonly diagnostics: Diagnostic[]
}

function checkedPack(root: YamlNode, json: JsonObject, { hash, document, diagnostics }: Reading): Pack {
  const raw = withShapes(wellFormed(json), root, diagnostics)
  const pack = toPack(raw, root, hash, diagnostics)
  const checked: Checked = {
    pack,
    raw,
    names: Object.fromEntries(SECTIONS.map((section) => [section, keysOf(json[section])])) as Checked['names'],
    ...(document === undefined ? {} : { operations: operationsOf(document) }),
    at: (path) => spanAt(root, writtenAt(json, path)),
    keyAt: (path) => keySpanAt(root, writtenAt(json, path)),
    report: (diagnostic) => {
      // What is wrong with a shape is found wherever it stands.
      if (!diagnostics.some((said) => isDeepStrictEqual(said, diagnostic))) diagnostics.push(diagnostic)
    },
  }
  if (raw.version !== '' && valid(raw.version) === null)
    diagnostics.push(codes.versionInvalid(checked.at(['version']), raw.version))
  checkActions(checked)
  checkMeanings(checked)
  checkResources(checked)
  checkOperations(checked)
  checkTemplates(checked)
  return document === undefined ? pack : { ...pack, openapi: document }
}

const keysOf = (value: unknown): readonly string[] => (isObject(value) ? Object.keys(value) : [])

/** The manifest without the entries whose shape is wrong, so that the rest can still be checked. An unknown key does no harm. */
function wellFormed(json: JsonObject): RawPack {
  const harmful = validator(packSchema)
    .problems(json)
    .filter(({ keyword }) => keyword !== 'additionalProperties')
  const isBroken = (section: string, name: string): boolean =>
    harmful.some(({ path, property }) => path[0] === section && (path[1] ?? property) === name)
  const text = (key: string): string => (typeof json[key] === 'string' ? json[key] : '')
  const sections = SECTIONS.map((section) => {
    const entries = isObject(json[section]) ? Object.entries(json[section]) : []
    return [section, Object.fromEntries(entries.filter(([name]) => !isBroken(section, name)))]
  })
  const openapi = typeof json.openapi === 'string' ? { openapi: json.openapi } : {}
  return { name: text('name'), version: text('version'), title: text('title'), ...openapi, ...Object.fromEntries(sections) }
}
