// Diagnostics as SARIF 2.1.0 (OASIS), which code hosts and editors show beside the text.
import type { JsonObject } from '../values/index.ts'
import type { Diagnostic, Span } from './diagnostic.ts'
import { inReadingOrder } from './format.ts'
import { position } from './position.ts'

export interface SarifTool {
  readonly version: string
  /** Of each code: one sentence, shown as the rule's description, and why it is refused and what to do. */
  readonly meanings: Readonly<Record<string, { readonly title: string; readonly explanation: string }>>
}

/** A SARIF log with one run. */
export function diagnosticsToSarif(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  tool: SarifTool,
): JsonObject {
  const codes = [...new Set(diagnostics.map((each) => each.code))].sort()
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'holdfast',
            version: tool.version,
            rules: codes.map((code) => rule(code, tool)),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: inReadingOrder(diagnostics).map((each) => result(each, codes, sources)),
      },
    ],
  }
}

function rule(code: string, { meanings }: SarifTool): JsonObject {
  const meaning = meanings[code]
  if (!meaning) return { id: code, shortDescription: { text: code } }
  const { title, explanation } = meaning
  return {
    id: code,
    shortDescription: { text: title },
    help: { text: `${explanation} \`holdfast explain ${code}\` shows an example.` },
  }
}

function result(diagnostic: Diagnostic, codes: readonly string[], sources: ReadonlyMap<string, string>): JsonObject {
  const { code, severity, message, span, related = [], hint } = diagnostic
  return {
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: severity,
    message: { text: hint === undefined ? message : `${message} (${hint})` },
    ...(span ? { locations: [{ physicalLocation: physicalLocation(span, sources) }] } : {}),
    ...(related.length > 0
      ? {
          relatedLocations: related.map((each, id) => ({
            id,
            message: { text: each.message },
            physicalLocation: physicalLocation(each.span, sources),
          })),
        }
      : {}),
  }
}

function physicalLocation(span: Span, sources: ReadonlyMap<string, string>): JsonObject {
  const artifactLocation = { uri: uriOf(span.file) }
  const text = sources.get(span.file)
  if (text === undefined) return { artifactLocation }
  const start = position(text, span.start)
  const end = position(text, span.end)
  return {
    artifactLocation,
    region: { startLine: start.line, startColumn: start.column, endLine: end.line, endColumn: end.column },
  }
}

/** A relative path stays relative, so that a log means the same on another machine. */
function uriOf(file: string): string {
  const path = file.split('/').map(encodeURIComponent).join('/')
  return file.startsWith('/') ? `file://${path}` : path
}
