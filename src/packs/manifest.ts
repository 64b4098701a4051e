// pack.yaml → Pack. It maps shapes that packSchema has accepted and judges nothing; names become qualified and defaults explicit.
import type { Diagnostic } from '../diagnostics/index.ts'
import { closestNode, type Template, templateOf, type YamlNode } from '../language/index.ts'
import { isObject, type Json, type JsonSchema, parseDuration } from '../values/index.ts'
import type {
  Action,
  Completion,
  ConnectionType,
  FailureType,
  Lease,
  Named,
  Operation,
  Pack,
  Paging,
  ReleaseRule,
  ResourceType,
} from './model.ts'
import type { Path } from './place.ts'
import type { RawAction, RawCompletion, RawConnection, RawFailure, RawPack, RawRequest, RawResource } from './raw-manifest.ts'

const DEFAULT_TIMEOUT_MS = 60_000
const DEFAULT_APPEARS_WITHIN_MS = 60_000

/** Maps a manifest; what is wrong inside its expressions goes to `diagnostics`. */
export function toPack(raw: RawPack, root: YamlNode, hash: string, diagnostics: Diagnostic[]): Pack {
  const mapping: Mapping = {
    qualify: (name) => (name.includes('/') ? name : `${raw.name}/${name}`),
    template: (path) => templateOf(closestNode(root, path), diagnostics),
    wholeBody: (path) => ({ kind: 'expression', source: 'response.body', span: closestNode(root, path).span }),
  }
  const shared = toFailures(raw.failures, ['failures'], mapping)
  return {
    name: raw.name,
    version: raw.version,
    title: raw.title,
    connections: mapValues(raw.connections, (one, name) => toConnection(one, mapping.qualify(name))),
    completions: mapValues(raw.completions, (one, name) => toCompletion(one, name, mapping)),
    pagings: mapValues(raw.pagings, (_, name) => toPaging(name, mapping)),
    resources: mapValues(raw.resources, (one, name) => toResource(one, name, mapping)),
    actions: mapValues(raw.actions, (one, name) => toAction(one, name, shared, mapping)),
    hash,
  }
}

interface Mapping {
  qualify(name: string): string
  template(path: Path): Template
  /** What an operation answers unless its action says otherwise. */
  wholeBody(path: Path): Template
}

function toConnection(raw: RawConnection, name: string): ConnectionType {
  return {
    name,
    title: raw.title,
    ...given('auth', raw.auth),
    properties: {
      type: 'object',
      additionalProperties: false,
      properties: raw.properties ?? {},
      required: raw.required ?? [],
      ...given('allOf', raw.allOf as Json | undefined),
    },
    ...given('limits', raw.limits),
  }
}

function toCompletion(raw: RawCompletion, name: string, { template }: Mapping): Completion {
  const at: Path = ['completions', name]
  return {
    name,
    id: template([...at, 'id']),
    operationId: raw.operation,
    request: toRequest(raw.request, [...at, 'request'], template),
    task: template([...at, 'task']),
    done: template([...at, 'done']),
    failed: template([...at, 'failed']),
    everyMs: durationMs(raw.every),
  }
}

function toPaging(name: string, { template }: Mapping): Paging {
  return { name, next: template(['pagings', name, 'next']), items: template(['pagings', name, 'items']) }
}

function toFailures(
  raw: Readonly<Record<string, RawFailure>> | undefined,
  at: Path,
  { template }: Mapping,
): Readonly<Record<string, FailureType>> {
  return mapValues(raw, (one, name) => ({
    message: one.message,
    ...given('hint', one.hint),
    retryable: one.retryable ?? false,
    applied: one.applied ?? 'no',
    ...(one.when === undefined ? {} : { when: template([...at, name, 'when']) }),
  }))
}

function toResource(raw: RawResource, name: string, { qualify }: Mapping): ResourceType {
  return {
    name: qualify(name),
    title: raw.title,
    childOf: (raw.childOf ?? []).map(qualify),
    identity: raw.identity,
    ...given('find', raw.find && qualify(raw.find)),
    ...given('probe', raw.probe && qualify(raw.probe)),
    ...given('sweep', raw.sweep?.map(qualify)),
    appearsWithinMs: raw.appearsWithin === undefined ? DEFAULT_APPEARS_WITHIN_MS : durationMs(raw.appearsWithin),
    release: toReleaseRule(raw.release, qualify),
    releaseWhen: raw.releaseWhen ?? ['acquired', 'unknown'],
    ...given('lease', raw.lease && toLease(raw.lease, qualify)),
    critical: raw.critical ?? false,
    ...given('maxHoldMs', raw.maxHold === undefined ? undefined : durationMs(raw.maxHold)),
    ...given('deadman', raw.deadman === undefined ? undefined : toDeadman(raw.deadman)),
  }
}

function toReleaseRule(raw: RawResource['release'], qualify: Mapping['qualify']): ReleaseRule {
  return {
    action: qualify(raw.action),
    idempotent: raw.idempotent ?? false,
    timeoutMs: raw.timeout === undefined ? DEFAULT_TIMEOUT_MS : durationMs(raw.timeout),
    gone: raw.gone ?? [],
    ...given('reason', raw.reason),
  }
}

function toLease(raw: NonNullable<RawResource['lease']>, qualify: Mapping['qualify']): Lease {
  return {
    renew: qualify(raw.renew),
    everyMs: durationMs(raw.every),
    lifetimeMs: durationMs(raw.lifetime),
    lost: raw.lost ?? [],
  }
}

function toDeadman(raw: string): NonNullable<ResourceType['deadman']> {
  return raw === 'platform' || raw === 'none' ? { by: raw } : { by: 'timeout', afterMs: durationMs(raw) }
}

function toAction(raw: RawAction, name: string, shared: Readonly<Record<string, FailureType>>, mapping: Mapping): Action {
  const at: Path = ['actions', name]
  const own = toFailures(raw.failures, [...at, 'failures'], mapping)
  return {
    name: mapping.qualify(name),
    title: raw.title,
    effect: raw.effect,
    ...given('resource', raw.resource && mapping.qualify(raw.resource)),
    idempotent: raw.idempotent ?? (raw.effect === 'read' || raw.effect === 'release'),
    ...given('keyLifetimeMs', raw.keyLifetime === undefined ? undefined : durationMs(raw.keyLifetime)),
    resumable: raw.resumable ?? false,
    ...(raw.lock === undefined ? {} : { lock: mapping.template([...at, 'lock']) }),
    timeoutMs: raw.timeout === undefined ? DEFAULT_TIMEOUT_MS : durationMs(raw.timeout),
    input: qualifySlots({ type: 'object', additionalProperties: false, ...raw.input }, mapping.qualify) as JsonSchema,
    output: { type: 'object', ...raw.output },
    // An action's own failures come first: the first whose `when` holds is what happened.
    failures: { ...own, ...withoutKeys(sharedBy(raw, shared), own) },
    does: raw.operation === undefined ? { kind: 'handler' } : toOperation(raw, raw.operation, at, mapping),
    examples: raw.examples ?? [],
  }
}

/** An answer tells what has a `when`, so any operation may fail so; what nothing tells is named. */
const sharedBy = ({ fails = [], operation }: RawAction, shared: Action['failures']): Action['failures'] =>
  Object.fromEntries(
    Object.entries(shared).filter(([name, { when }]) => fails.includes(name) || (operation !== undefined && when !== undefined)),
  )

function toOperation(raw: RawAction, operationId: string, at: Path, { qualify, template, wholeBody }: Mapping): Operation {
  return {
    kind: 'operation',
    operationId,
    request: toRequest(raw.request, [...at, 'request'], template),
    ...(raw.bodyInto === undefined ? {} : { bodyInto: template([...at, 'bodyInto']) }),
    ...given('completes', raw.completes),
    ...given('pages', raw.pages),
    ...given(
      'readBack',
      raw.readBack && {
        action: qualify(raw.readBack.action),
        until: template([...at, 'readBack', 'until']),
        everyMs: durationMs(raw.readBack.every),
      },
    ),
    result: raw.result === undefined ? wholeBody(at) : template([...at, 'result']),
  }
}

function toRequest(raw: RawRequest | undefined, at: Path, template: Mapping['template']): Operation['request'] {
  const part = (values: object | undefined, key: string): readonly Named[] =>
    Object.keys(values ?? {}).map((name) => ({ name, value: template([...at, key, name]) }))
  return {
    path: part(raw?.path, 'path'),
    query: part(raw?.query, 'query'),
    headers: part(raw?.headers, 'headers'),
    ...(raw?.body === undefined ? {} : { body: template([...at, 'body']) }),
    ...(raw?.bodyFrom === undefined ? {} : { bodyFrom: template([...at, 'bodyFrom']) }),
  }
}

/** Connection and resource types named inside an input schema become qualified, as everywhere in the model. */
function qualifySlots(schema: Json, qualify: Mapping['qualify']): Json {
  if (Array.isArray(schema)) return schema.map((item) => qualifySlots(item, qualify))
  if (!isObject(schema)) return schema
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (key === 'x-connection' && typeof value === 'string') return [key, qualify(value)]
      if (key === 'x-resource') return [key, (Array.isArray(value) ? value : [value]).map((name) => qualify(String(name)))]
      return [key, qualifySlots(value, qualify)]
    }),
  )
}

/** packSchema has accepted the text as a duration. */
const durationMs = (text: string): number => parseDuration(text) ?? Number.NaN

function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>> | undefined,
  map: (value: Value, name: string) => Result,
): Readonly<Record<string, Result>> {
  return Object.fromEntries(Object.entries(record ?? {}).map(([name, value]) => [name, map(value, name)]))
}

const withoutKeys = <Value>(record: Readonly<Record<string, Value>>, keys: object): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(record).filter(([key]) => !Object.hasOwn(keys, key)))

/** An optional field: absent where its value is undefined. */
const given = <Key extends string, Value>(key: Key, value: Value | undefined): { readonly [K in Key]?: Value } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value }
