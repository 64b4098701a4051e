// Two small packs for tests of the language: `lab`, which holds snapshots, and `core`.
import type { ActionView, CatalogueView, ResourceView, Template } from '../../src/language/index.ts'
import type { JsonSchema } from '../../src/values/index.ts'
import { CALLED } from './called.ts'

const object = (properties: JsonSchema, required: readonly string[] = Object.keys(properties)): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
})
const text = { type: 'string' }
const cloud = { 'x-connection': 'lab/Cloud' }
const lockOf = (source: string): Template => ({ kind: 'expression', source, span: { file: 'lab', start: 0, end: 0 } })

type Told = Pick<ActionView, 'effect' | 'input' | 'output'> & Partial<ActionView>

const told = (action: Told): ActionView => ({
  idempotent: action.effect === 'read' || action.effect === 'release',
  resumable: false,
  timeoutMs: 60_000,
  ...action,
})

const TOLD: Readonly<Record<string, Told>> = {
  'core/assert': { effect: 'read', input: object({ that: { type: 'boolean' }, message: text }), output: object({}) },
  'lab/vm.get': {
    effect: 'read',
    input: object({ cloud, name: { type: 'string', minLength: 1 } }),
    output: object({
      id: text,
      state: text,
      disks: { type: 'array', items: object({ name: text, sizeBytes: { type: 'integer' } }) },
    }),
  },
  'lab/vm.list': {
    effect: 'read',
    input: object({ cloud, tags: { type: 'array', items: text } }, ['cloud']),
    output: object({ vms: { type: 'array', items: object({ id: text, name: text }) } }),
  },
  'lab/vm.start': {
    effect: 'mutate',
    input: object(
      { cloud, id: text, mode: { enum: ['normal', 'safe'] }, options: object({ cpus: { type: 'integer', minimum: 1 } }) },
      ['cloud', 'id'],
    ),
    output: object({ state: text }),
  },
  'lab/snapshot.create': {
    effect: 'acquire',
    resource: 'lab/Snapshot',
    input: object({ cloud, vm: text, name: text }),
    output: object({ snapshotId: text }),
  },
  'lab/snapshot.delete': {
    effect: 'release',
    resource: 'lab/Snapshot',
    input: object({ cloud, vm: text, name: text }),
    output: object({}),
  },
  'lab/export.open': {
    effect: 'acquire',
    resource: 'lab/Export',
    input: object({ vault: { 'x-connection': 'lab/Vault' }, snapshot: { 'x-resource': ['lab/Snapshot'] } }),
    output: object({ url: text }),
  },
  'lab/guest.freeze': {
    effect: 'acquire',
    resource: 'lab/Freeze',
    input: object({ cloud, vm: text }),
    output: object({}),
    timeoutMs: 5000,
  },
  'lab/export.copy': {
    effect: 'mutate',
    idempotent: true,
    resumable: true,
    input: object({ export: { 'x-resource': ['lab/Export'] } }),
    output: object({ sizeBytes: { type: 'integer' } }),
    timeoutMs: 3_600_000,
    failures: { sourceLost: { retryable: true, applied: 'no' }, baseExpired: { retryable: false, applied: 'no' } },
  },
  'lab/vm.label': {
    effect: 'mutate',
    input: object({ cloud, id: text, label: text }),
    output: object({}),
    timeoutMs: 2000,
    failures: { labelTaken: { retryable: false, applied: 'no' } },
  },
  'lab/vm.stop': {
    effect: 'mutate',
    idempotent: true,
    input: object(
      {
        cloud,
        ids: { type: 'array', minItems: 1, items: text, 'x-selector': true },
        where: { type: 'object', minProperties: 1, additionalProperties: text, 'x-selector': true },
      },
      ['cloud'],
    ),
    output: object({}),
  },
  'lab/vm.erase': {
    effect: 'destroy',
    idempotent: true,
    input: object({ cloud, id: { type: 'string', minLength: 1, 'x-selector': true } }),
    output: object({}),
  },
  'lab/proxy.attach': {
    effect: 'mutate',
    idempotent: true,
    lock: lockOf('"lab-proxy/" & input.proxy'),
    input: object({ cloud, proxy: text, disk: text }),
    output: object({}),
    timeoutMs: 1000,
  },
  'lab/guest.logIn': {
    effect: 'mutate',
    idempotent: true,
    input: object({ cloud, user: text, password: { type: 'string', 'x-secret': true } }),
    output: object({ session: text, token: { type: 'string', 'x-secret': true } }),
  },
}

const ACTIONS: Readonly<Record<string, ActionView>> = Object.fromEntries(
  Object.entries(TOLD).map(([name, action]) => [name, told(action)]),
)

const RESOURCES: Readonly<Record<string, ResourceView>> = {
  'lab/Snapshot': { childOf: [], find: 'lab/snapshot.find', release: { timeoutMs: 60_000 }, critical: false },
  'lab/Export': { childOf: ['lab/Snapshot'], release: { timeoutMs: 60_000 }, critical: false },
  'lab/Freeze': { childOf: [], release: { timeoutMs: 1000 }, critical: true, maxHoldMs: 10_000 },
}

const PACKS: CatalogueView['packs'] = {
  core: { version: '1.0.0' },
  lab: { version: '1.2.0', connections: { Cloud: {}, Vault: {} } },
}

export const catalogue: CatalogueView = {
  runbook: (name) => CALLED[name],
  runbookNames: () => Object.keys(CALLED),
  packs: PACKS,
  action: (name) => ACTIONS[name],
  actionsOf: (pack) => Object.keys(ACTIONS).filter((name) => name.startsWith(`${pack}/`)),
  connection: (name) => (name.startsWith('lab/') ? PACKS.lab?.connections?.[name.slice(4)] : undefined),
  resource: (name) => RESOURCES[name],
}
