// Inputs of a run, or of an answer, from the command line and from a file, typed and checked by the schema of who takes them.
import type { Diagnostic } from '../../diagnostics/index.ts'
import {
  inputsSchema,
  type Runbook,
  readYaml,
  schemaDiagnostics,
  toJson,
  type YamlEntry,
  type YamlMap,
  type YamlNode,
} from '../../language/index.ts'
import {
  fillDefaults,
  isObject,
  isSecretReference,
  isSecretSlot,
  isUnknown,
  type Json,
  type JsonObject,
  type JsonSchema,
  mapSecretSchemas,
  mapSecretSlots,
  secretSourceSchema,
  unknown,
} from '../../values/index.ts'
import { inputMalformed, inputSecret } from '../codes.ts'
import { EXIT } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import { Refusal, refuseErrors } from '../refusal.ts'
import { readText } from './library.ts'

export interface InputOptions {
  /** `key=value` each; wins over the file. */
  readonly input: readonly string[]
  readonly inputs?: string
  /** Those of a plan; they stand where nothing else is given. */
  readonly planned?: JsonObject
}

/** A runbook, or a question to people. */
type Taking = Pick<Runbook, 'inputs'>

/** Complete and valid, defaults filled in. Throws Refusal with everything that is wrong. */
export const readInputs = (host: Host, to: Taking, options: InputOptions): Promise<JsonObject> =>
  readAs(inputsSchema(to), host, to, options)

/** For plans: what is given is checked, the rest is unknown. Throws Refusal. */
export async function readSomeInputs(host: Host, runbook: Runbook, options: InputOptions): Promise<JsonObject> {
  const { required: _, ...schema } = inputsSchema(runbook)
  const given = await readAs(schema, host, runbook, options)
  const names = isObject(schema.properties) ? Object.keys(schema.properties) : []
  return { ...Object.fromEntries(names.map((name) => [name, unknown(`inputs.${name}`)])), ...given }
}

/** What was given, as it was given: no defaults, nothing of a plan. Throws Refusal. */
export async function readGivenInputs(host: Host, runbook: Runbook, { input, inputs }: InputOptions): Promise<JsonObject> {
  const { node, diagnostics, sources } = await gather(host, runbook, { input, ...(inputs === undefined ? {} : { inputs }) })
  refuseSecrets(inputsSchema(runbook), toJson(node))
  refuseErrors(diagnostics, sources, EXIT.usage)
  return withReferences(inputsSchema(runbook), toJson(node)) as JsonObject
}

async function readAs(schema: JsonSchema, host: Host, to: Taking, options: InputOptions): Promise<JsonObject> {
  const { node, diagnostics, sources } = await gather(host, to, options)
  refuseSecrets(schema, toJson(node))
  const given = asGiven(schema)
  const misfits = schemaDiagnostics(under('inputs', node), { properties: { inputs: given } }, 'INPUTS')
  refuseErrors([...diagnostics, ...misfits.map(withoutNowhere)], sources, EXIT.usage)
  return withReferences(schema, fillDefaults(given, toJson(node)).value) as JsonObject
}

/** First, and without a place: what else is said would show the text that is not to be seen. [P11] */
function refuseSecrets(schema: JsonSchema, given: Json): void {
  const names: string[] = []
  mapSecretSlots(schema, given, (value, name) => {
    if (!isObject(value) && !isUnknown(value)) names.push(name)
    return value
  })
  refuseErrors(names.map(inputSecret), new Map(), EXIT.usage)
}

/** In place of a secret, where it is to be had. */
const asGiven = (schema: JsonSchema): JsonSchema => mapSecretSchemas(schema, () => secretSourceSchema)

const withReferences = (schema: JsonSchema, given: Json): Json =>
  mapSecretSlots(schema, given, (source) => (isObject(source) ? { $secret: source } : source))

/** As a person would give what a plan holds. */
const withSources = (schema: JsonSchema, planned: Json): Json =>
  mapSecretSlots(schema, planned, (value) => (isSecretReference(value) ? value.$secret : value))

/** So that messages say `inputs` where they would say `the document`. */
const under = (key: string, value: YamlMap): YamlMap => ({ ...value, entries: [{ key, keySpan: value.span, value }] })

const NOWHERE = '-i'
function withoutNowhere({ span, ...found }: Diagnostic): Diagnostic {
  const missing = found.code === 'INPUTS_KEY_MISSING'
  const rest = missing ? { ...found, hint: 'Give it with -i name=value, or in the file of -f.' } : found
  return !span || span.file === NOWHERE || (missing && span.file.startsWith('-i ')) ? rest : { ...rest, span }
}

/** File and command line as one document, in which each value keeps its place. */
async function gather(host: Host, to: Taking, { input, inputs, planned }: InputOptions) {
  const diagnostics: Diagnostic[] = []
  const sources = new Map<string, string>()
  const entries = new Map<string, YamlEntry>()

  function read(file: string, text: string): YamlNode | undefined {
    sources.set(file, text)
    const { root, diagnostics: found } = readYaml(text, file)
    diagnostics.push(...found)
    return root
  }

  if (planned !== undefined) {
    const root = read('the plan', JSON.stringify(withSources(to.inputs ?? {}, planned)))
    if (root?.kind === 'map') for (const entry of root.entries) entries.set(entry.key, entry)
  }
  if (inputs !== undefined) {
    const root = read(inputs, await readText(host, inputs))
    if (root?.kind === 'map') for (const entry of root.entries) entries.set(entry.key, entry)
    else if (root) diagnostics.push(...schemaDiagnostics(root, { type: 'object' }, 'INPUTS'))
  }
  for (const argument of input) {
    const [, key, text] = /^([^=]+)=(.*)$/s.exec(argument) ?? []
    if (key === undefined || text === undefined) {
      diagnostics.push(inputMalformed(argument))
      continue
    }
    // Before anything is said of it, with the text beside.
    if (isSecretSlot(propertyNamed(to.inputs, key)) && readYaml(text, '').root?.kind !== 'map')
      throw new Refusal([inputSecret(key)])
    const value = read(`-i ${key}`, isText(to.inputs, key) ? JSON.stringify(text) : text || 'null')
    if (value) entries.set(key, { key, keySpan: value.span, value })
  }
  const span = { file: inputs ?? NOWHERE, start: 0, end: 0 }
  const node: YamlMap = { kind: 'map', entries: [...entries.values()], span }
  return { node, diagnostics, sources }
}

/** Text stays as it was typed, `007` and `yes` included; every other value is read as YAML. */
function isText(schema: JsonSchema | undefined, key: string): boolean {
  const property = propertyNamed(schema, key)
  return isObject(property) && property.type === 'string' && !isSecretSlot(property)
}

const propertyNamed = (schema: JsonSchema | undefined, key: string): Json | undefined =>
  isObject(schema?.properties) && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined
