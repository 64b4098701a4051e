// Two small packs for tests of the language: `lab`, which holds snapshots, and `core`.
import type { ActionView, CatalogueView } from '../../src/language/index.ts'
import type { JsonSchema } from '../../src/values/index.ts'

const object = (properties: JsonSchema, required: readonly string[] = Object.keys(properties)): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
})
const text = { type: 'string' }
const cloud = { 'x-connection': 'lab/Cloud' }

const ACTIONS: Readonly<Record<string, ActionView>> = {
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
  'lab/export.open': {
    effect: 'acquire',
    resource: 'lab/Export',
    input: object({ vault: { 'x-connection': 'lab/Vault' }, snapshot: { 'x-resource': ['lab/Snapshot'] } }),
    output: object({ url: text }),
  },
}

const PACKS: CatalogueView['packs'] = {
  core: { version: '1.0.0' },
  lab: { version: '1.2.0', connections: { Cloud: {}, Vault: {} } },
}

export const catalogue: CatalogueView = {
  runbook: () => undefined,
  runbookNames: () => [],
  packs: PACKS,
  action: (name) => ACTIONS[name],
  actionsOf: (pack) => Object.keys(ACTIONS).filter((name) => name.startsWith(`${pack}/`)),
  connection: (name) => (name.startsWith('lab/') ? PACKS.lab?.connections?.[name.slice(4)] : undefined),
  resource: (name) => (name === 'lab/Snapshot' || name === 'lab/Export' ? {} : undefined),
}
