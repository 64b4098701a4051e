// Lays a document out as `holdfast fmt` does.
import { formatYaml, readYaml, runbookSchema } from '../language/index.ts'
import { packSchema } from '../packs/index.ts'
import type { DocumentKind } from './workspace.ts'

const SCHEMAS = { runbook: runbookSchema, pack: packSchema } as const

/** Undefined for a document that is none of ours, and for one that cannot be read: what it means must not change. */
export function formatted(kind: DocumentKind, text: string): string | undefined {
  if (kind !== 'runbook' && kind !== 'pack') return undefined
  const { root, diagnostics } = readYaml(text, '')
  return root && diagnostics.length === 0 ? formatYaml(text, SCHEMAS[kind]) : undefined
}
