// holdfast.lock.yaml: which packs, and runbooks that others may call, a project has reviewed, by hash. It compares and words; writing the file is its caller's.
import { createHash } from 'node:crypto'
import type { Diagnostic, Span } from '../diagnostics/index.ts'
import { readYaml, schemaDiagnostics, toJson } from '../language/index.ts'
import type { JsonSchema } from '../values/index.ts'
import * as codes from './codes.ts'
import type { Pack } from './model.ts'
import { keySpanAt } from './place.ts'

export const LOCK_FILE = 'holdfast.lock.yaml'

export interface Lock {
  readonly packs: Readonly<Record<string, Locked>>
  readonly runbooks: Readonly<Record<string, Locked>>
}

export interface Locked {
  readonly version: string
  /** Of a pack: over manifest and OpenAPI text; of a runbook: over its text. Hex. */
  readonly sha256: string
  readonly span?: Span
}

const locked: JsonSchema = {
  type: 'object',
  additionalProperties: {
    type: 'object',
    additionalProperties: false,
    required: ['version', 'sha256'],
    properties: { version: { type: 'string' }, sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' } },
  },
}

const lockSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['lock', 'packs'],
  properties: {
    lock: { const: 1 },
    packs: locked,
    runbooks: locked,
  },
}

/** A runbook that may be called, with its text. */
export interface LockableRunbook {
  readonly name: string
  readonly runbook: { readonly version: string }
  readonly text: string
}

/** Reads a lock file's text. */
export function readLock(text: string, file = LOCK_FILE): { lock?: Lock; diagnostics: readonly Diagnostic[] } {
  const { root, diagnostics } = readYaml(text, file)
  if (diagnostics.length > 0) return { diagnostics }
  if (!root) return { diagnostics: [codes.lockEmpty({ file, start: 0, end: 0 })] }
  const problems = schemaDiagnostics(root, lockSchema, 'LOCK')
  if (problems.length > 0) return { diagnostics: problems }
  // The schema has just accepted it.
  const { packs, runbooks = {} } = toJson(root) as unknown as Pick<Lock, 'packs'> & Partial<Lock>
  const placed = (section: 'packs' | 'runbooks', all: Lock['packs']): Lock['packs'] =>
    Object.fromEntries(
      Object.entries(all).map(([name, each]) => {
        const span = keySpanAt(root, [section, name])
        return [name, { ...each, ...(span ? { span } : {}) }]
      }),
    )
  return { lock: { packs: placed('packs', packs), runbooks: placed('runbooks', runbooks) }, diagnostics: [] }
}

/** The lock that these packs and runbooks would have. */
export function lockFor(packs: readonly Pack[], runbooks: readonly LockableRunbook[] = []): Lock {
  return {
    packs: byName(packs.map(({ name, version, hash }) => [name, { version, sha256: hash }])),
    runbooks: byName(runbooks.map((each) => [each.name, lockedRunbook(each)])),
  }
}

const byName = (entries: readonly (readonly [string, Locked])[]): Readonly<Record<string, Locked>> =>
  Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))

const lockedRunbook = ({ runbook, text }: LockableRunbook): Locked => ({
  version: runbook.version,
  sha256: createHash('sha256').update(text).digest('hex'),
})

/** The text of a lock file, which `readLock` reads. */
export const formatLock = ({ packs, runbooks }: Lock): string =>
  `lock: 1\n${formatSection('packs', packs)}${Object.keys(runbooks).length === 0 ? '' : formatSection('runbooks', runbooks)}`

function formatSection(name: string, all: Lock['packs']): string {
  const entries = Object.entries(all).map(
    ([name, { version, sha256 }]) => `  ${name}:\n    version: ${version}\n    sha256: '${sha256}'\n`,
  )
  return `${name}:${entries.length === 0 ? ' {}' : ''}\n${entries.join('')}`
}

/** How the runbooks that are called differ from those that were locked. */
export function checkRunbookLock(lock: Lock, called: readonly LockableRunbook[]): readonly Diagnostic[] {
  return called.flatMap((each) => {
    const { version, sha256 } = lockedRunbook(each)
    const locked = lock.runbooks[each.name]
    if (!locked) return [codes.lockRunbookMissing(each.name, version)]
    if (locked.sha256 === sha256 && locked.version === version) return []
    return [codes.lockRunbookChanged(locked.span, each.name, told(locked.version, locked.sha256), told(version, sha256))]
  })
}

/** How the packs at hand differ from those that were locked. */
export function checkLock(lock: Lock, packs: readonly Pack[]): readonly Diagnostic[] {
  const differences = packs.flatMap((pack) => {
    const locked = lock.packs[pack.name]
    if (!locked) return [codes.lockPackMissing(pack.name, pack.version)]
    if (locked.sha256 === pack.hash && locked.version === pack.version) return []
    return [codes.lockPackChanged(locked.span, pack.name, told(locked.version, locked.sha256), told(pack.version, pack.hash))]
  })
  const unused = Object.entries(lock.packs)
    .filter(([name]) => !packs.some((pack) => pack.name === name))
    .map(([name, { span }]) => codes.lockPackUnused(span, name))
  return [...differences, ...unused]
}

const told = (version: string, sha256: string): string => `${version} (${sha256.slice(0, 12)})`
