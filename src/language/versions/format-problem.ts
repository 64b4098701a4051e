// Is a document written in a format that is read? It says so before anything else is said: in another format all else may be right.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes/index.ts'
import { entryOf, type YamlNode } from '../syntax/index.ts'
import { FORMATS, type Formats, type Formatted, wayFrom } from './migrations.ts'

/** Undefined for the newest format, and where none is stated. */
export function formatProblem(root: YamlNode, of: Formatted, formats: Formats = FORMATS): Diagnostic | undefined {
  const stated = root.kind === 'map' ? entryOf(root, of)?.value : undefined
  if (!stated) return undefined
  const newest = formats.newest[of]
  const format = stated.kind === 'scalar' ? stated.value : undefined
  if (format === newest) return undefined
  if (typeof format !== 'number' || !Number.isInteger(format)) return codes.formatUnknown(stated.span, of, newest)
  if (format > newest) return codes.formatNewer(stated.span, of, format, newest)
  return wayFrom(of, format, formats)
    ? codes.formatOlder(stated.span, of, format, newest)
    : codes.formatUnknown(stated.span, of, newest)
}
