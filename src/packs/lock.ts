// holdfast.lock.yaml: which packs a project has reviewed, by hash. It compares and words; writing the file is its caller's.
import type { Diagnostic, Span } from '../diagnostics/index.ts'
import { readYaml, schemaDiagnostics, toJson } from '../language/index.ts'
import type { JsonSchema } from '../values/index.ts'
import * as codes from './codes.ts'
import type { Pack } from './model.ts'
import { keySpanAt } from './place.ts'

export const LOCK_FILE = 'holdfast.lock.yaml'

export interface Lock {
  readonly packs: Readonly<Record<string, LockedPack>>
}

export interface LockedPack {
  readonly version: string
  /** Over manifest and OpenAPI text, hex. */
  readonly sha256: string
  readonly span?: Span
}

const lockSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['lock', 'packs'],
  properties: {
    lock: { const: 1 },
    packs: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['version', 'sha256'],
        properties: { version: { type: 'string' }, sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' } },
      },
    },
  },
}

/** Reads a lock file's text. */
export function readLock(text: string, file = LOCK_FILE): { lock?: Lock; diagnostics: readonly Diagnostic[] } {
  const { root, diagnostics } = readYaml(text, file)
  if (diagnostics.length > 0) return { diagnostics }
  if (!root) return { diagnostics: [codes.lockEmpty({ file, start: 0, end: 0 })] }
  const problems = schemaDiagnostics(root, lockSchema, 'LOCK')
  if (problems.length > 0) return { diagnostics: problems }
  // The schema has just accepted it.
  const { packs } = toJson(root) as unknown as { packs: Record<string, LockedPack> }
  const entries = Object.entries(packs).map(([name, locked]) => [name, { ...locked, span: keySpanAt(root, ['packs', name]) }])
  return { lock: { packs: Object.fromEntries(entries) }, diagnostics: [] }
}

/** The lock that these packs would have. */
export function lockFor(packs: readonly Pack[]): Lock {
  const sorted = packs.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return { packs: Object.fromEntries(sorted.map(({ name, version, hash }) => [name, { version, sha256: hash }])) }
}

/** The text of a lock file, which `readLock` reads. */
export function formatLock({ packs }: Lock): string {
  const entries = Object.entries(packs).map(
    ([name, { version, sha256 }]) => `  ${name}:\n    version: ${version}\n    sha256: '${sha256}'\n`,
  )
  return `lock: 1\npacks:${entries.length === 0 ? ' {}' : ''}\n${entries.join('')}`
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
