// The formats of runbooks and manifests, and the steps from each to the next. Format 1 is the first and the newest of both, so there is
// no step yet: one is added here together with the format that it leads to.
import type { Document } from 'yaml'

/** What has a format: its first key says which. */
export type Formatted = 'runbook' | 'pack'

export const NEWEST: Readonly<Record<Formatted, number>> = { runbook: 1, pack: 1 }

/** From one format to the one after it. */
export interface Migration {
  readonly of: Formatted
  readonly from: number
  /** What changed, for the one who runs it: `steps are called …`. */
  readonly title: string
  /** Changes the document in place, and keeps its comments. The number of the format is set by the caller. */
  change(document: Document.Parsed): void
}

export interface Formats {
  readonly newest: Readonly<Record<Formatted, number>>
  readonly migrations: readonly Migration[]
}

export const FORMATS: Formats = { newest: NEWEST, migrations: [] }

/** The steps from this format to the newest, in order; undefined where the way is broken. */
export function wayFrom(of: Formatted, from: number, { newest, migrations }: Formats): readonly Migration[] | undefined {
  if (from === newest[of]) return []
  const next = migrations.find((each) => each.of === of && each.from === from)
  const rest = next && wayFrom(of, from + 1, { newest, migrations })
  return next && rest && [next, ...rest]
}
