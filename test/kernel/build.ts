// Small programs for kernel tests, built without a parser: `$.a.b` in a template is a path into the roots.

import type { Program } from '../../src/kernel/index.ts'
import type { Block, Field, Runbook, Step, Template } from '../../src/language/index.ts'
import type { Action, ResourceType } from '../../src/packs/index.ts'
import type { Json, JsonSchema } from '../../src/values/index.ts'

const span = { file: 'test', start: 0, end: 0 }

export function template(value: unknown): Template {
  if (typeof value === 'string' && value.startsWith('$.')) return { kind: 'expression', source: value.slice(2), span }
  if (Array.isArray(value)) return { kind: 'list', items: value.map(template), span }
  if (typeof value === 'object' && value !== null) return map(value as Record<string, unknown>)
  return { kind: 'literal', value: value as Json, span }
}

const fields = (values: Record<string, unknown>): Field[] =>
  Object.entries(values).map(([name, value]) => ({ name, nameSpan: span, value: template(value) }))

const map = (values: Record<string, unknown>) => ({ kind: 'map' as const, entries: fields(values), span })

export const block = (steps: Step[], yields: Record<string, unknown> = {}): Block => ({ steps, yield: fields(yields), span })

type UsesMore = Partial<Omit<Extract<Step, { kind: 'uses' }>, 'kind' | 'id' | 'action' | 'with' | 'if'>> & { if?: unknown }

export function uses(
  id: string,
  action: string,
  values: Record<string, unknown> = {},
  { if: guard, ...more }: UsesMore = {},
): Step {
  const condition = guard === undefined ? {} : { if: template(guard) }
  return { kind: 'uses', id, idSpan: span, span, action, actionSpan: span, with: map(values), ...condition, ...more }
}

interface ScopeMore {
  readonly lock?: unknown
  readonly maxMs?: number
  readonly onDirtyClose?: 'fail' | 'accept'
  readonly catch?: { readonly on?: readonly string[]; readonly body: Block }
}

export function scope(id: string, body: Block, more: ScopeMore = {}): Step {
  const { lock, onDirtyClose = 'fail', ...rest } = more
  const locked = lock === undefined ? {} : { lock: template(lock) }
  return { kind: 'scope', id, idSpan: span, span, body, onDirtyClose: template(onDirtyClose), ...locked, ...rest }
}

export function foreach(
  id: string,
  items: unknown,
  as: string,
  key: string,
  body: Block,
  onError: 'fail' | 'collect' = 'fail',
  concurrency: unknown = 1,
): Step {
  const loop = { in: template(items), as, key: template(key), concurrency: template(concurrency), onError }
  return { kind: 'foreach', id, idSpan: span, span, ...loop, body }
}

export function parallel(id: string, branches: Record<string, Block>, onError: 'fail' | 'collect' = 'fail'): Step {
  const list = Object.entries(branches).map(([name, body]) => ({ name, nameSpan: span, body }))
  return { kind: 'parallel', id, idSpan: span, span, branches: list, onError }
}

export function choose(id: string, on: unknown, cases: Record<string, Block>, otherwise?: Block): Step {
  const list = Object.entries(cases).map(([value, body]) => ({ value, valueSpan: span, body }))
  return { kind: 'switch', id, idSpan: span, span, on: template(on), cases: list, ...(otherwise ? { else: otherwise } : {}) }
}

export const wait = (id: string, value: unknown, mode: 'for' | 'until' = 'for'): Step => ({
  kind: 'wait',
  id,
  idSpan: span,
  span,
  mode,
  value: template(value),
})
interface ApproveMore {
  readonly by?: unknown
  readonly inputs?: JsonSchema
  readonly timeoutMs?: number
}

export const approve = (id: string, prompt: unknown, { by, ...more }: ApproveMore = {}): Step => ({
  kind: 'approve',
  id,
  idSpan: span,
  span,
  prompt: template(prompt),
  ...(by === undefined ? {} : { by: template(by) }),
  ...more,
})

/** A call of a runbook with this body, whose yield are its outputs. `targets`: the caller's by the called one's names. */
export function call(
  id: string,
  { steps, yield: outputs }: Block,
  values: Record<string, unknown> = {},
  targets: Readonly<Record<string, string>> = {},
): Step {
  const declared = Object.keys(targets).map((name) => ({ name, alias: 't', connection: 'Connection', span }))
  const called: Runbook = { format: 1, name: `t/${id}`, version: '1.0.0', uses: [], targets: declared, steps, outputs, span }
  const bindings = Object.entries(targets).map(([name, target]) => ({ name, nameSpan: span, target, targetSpan: span }))
  const named = { runbook: called.name, range: '^1.0.0', runbookSpan: span }
  return { kind: 'runbook', id, idSpan: span, span, ...named, with: map(values), targets: bindings, called }
}

export const end = (id: string, step: string): Step => ({ kind: 'end', id, idSpan: span, span, step, stepSpan: span })
export const fail = (id: string, type: string, message: string): Step => ({
  kind: 'fail',
  id,
  idSpan: span,
  span,
  type,
  message: template(message),
})

const action = (name: string, effect: Action['effect'], more: Partial<Action> = {}): Action => ({
  name: `t/${name}`,
  title: name,
  effect,
  idempotent: effect === 'read' || effect === 'release',
  resumable: false,
  timeoutMs: 60_000,
  input: { type: 'object', properties: { name: { type: 'string' } } },
  output: { type: 'object' },
  failures: {},
  does: { kind: 'handler' },
  examples: [],
  ...more,
})

const onSnapshot = { type: 'object', properties: { name: { type: 'string' }, snapshot: { 'x-resource': ['Snapshot'] } } }
const onSession = { type: 'object', properties: { name: { type: 'string' }, session: { 'x-resource': ['Session'] } } }

const ACTIONS: readonly Action[] = [
  action('list', 'read'),
  action('note', 'mutate'),
  action('store', 'mutate', { idempotent: true }),
  action('copy', 'mutate', { idempotent: true, resumable: true, input: onSession }),
  action('snapshot.create', 'acquire', { resource: 't/Snapshot' }),
  action('snapshot.createKeyed', 'acquire', { resource: 't/Snapshot', idempotent: 'keyed', keyLifetimeMs: 900_000 }),
  action('snapshot.find', 'read'),
  action('snapshot.delete', 'release'),
  action('session.create', 'acquire', { resource: 't/Session', input: onSnapshot }),
  action('session.find', 'read'),
  action('session.renew', 'mutate', { idempotent: true }),
  action('session.delete', 'release'),
  action('freeze.create', 'acquire', { resource: 't/Freeze', timeoutMs: 5000 }),
  action('freeze.state', 'read'),
  action('freeze.delete', 'release'),
  action('proxy.attach', 'mutate', { idempotent: true, lock: template('$.input.name') }),
]

const resource = (name: string, more: Partial<ResourceType> = {}): ResourceType => ({
  name: `t/${name}`,
  title: name,
  childOf: [],
  identity: ['name'],
  find: `t/${name.toLowerCase()}.find`,
  appearsWithinMs: 10_000,
  release: { action: `t/${name.toLowerCase()}.delete`, idempotent: true, timeoutMs: 60_000, gone: ['notFound'] },
  releaseWhen: ['acquired', 'unknown'],
  critical: false,
  ...more,
})

const { find: _none, ...blindFreeze } = resource('Freeze', {
  critical: true,
  maxHoldMs: 10_000,
  probe: 't/freeze.state',
  deadman: { by: 'timeout', afterMs: 60_000 },
  release: { action: 't/freeze.delete', idempotent: true, timeoutMs: 1000, gone: [] },
})

const RESOURCES: readonly ResourceType[] = [
  resource('Snapshot'),
  resource('Session', {
    childOf: ['t/Snapshot'],
    lease: { renew: 't/session.renew', everyMs: 60_000, lifetimeMs: 300_000, lost: ['notFound'] },
  }),
  blindFreeze,
]

export function program(root: Block): Program {
  const byName = <T extends { readonly name: string }>(list: readonly T[]) =>
    Object.fromEntries(list.map((each) => [each.name, each]))
  return { name: 'test', version: '1.0.0', root, targets: [], actions: byName(ACTIONS), resources: byName(RESOURCES) }
}
