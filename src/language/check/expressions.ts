// Names inside expressions exist, operands are of the right kind, and nothing is compared that may be absent.
import { type Diagnostic, didYouMean, type Span } from '../../diagnostics/index.ts'
import * as codes from '../codes/index.ts'
import { type Range, rangeOf, rangeOfName, spanWithin } from '../expressions/index.ts'
import type { ExpressionTemplate } from '../model.ts'
import { describe, type Finding } from '../types/index.ts'
import { expressionsIn, inferred } from './inference.ts'
import type { Survey } from './survey.ts'

export const checkExpressions = ({ sites }: Survey): readonly Diagnostic[] =>
  sites.flatMap(({ template, sight }) =>
    expressionsIn(template).flatMap((each) => findingDiagnostics(each, inferred(each, sight).findings)),
  )

interface Placed {
  readonly finding: Finding
  readonly range: Range
}

/** What was found in an expression, with its places, worded. */
export function findingDiagnostics(template: ExpressionTemplate, findings: readonly Finding[]): readonly Diagnostic[] {
  const { source } = template
  const placed = findings.map((finding): Placed => ({ finding, range: rangeOfFinding(finding, source) }))
  const missing = placed.filter(({ finding }) => finding.kind === 'missing')
  const absent = placed.filter(({ finding }) => finding.kind === 'absent')
  // What follows from a wrong name is no further problem, nor that nothing comes of something that may be absent.
  const told = placed.filter(
    (each) =>
      each.finding.kind === 'missing' || !(echoes(each, missing) || (each.finding.kind === 'absent' && echoes(each, absent))),
  )
  const distinct = new Map(told.map((each) => [`${each.finding.kind} ${each.range}`, each]))
  return [...distinct.values()].map(({ finding, range }) =>
    worded(finding, spanWithin(template, ...range), source.slice(...range)),
  )
}

/** What to write instead of a comparison that never holds. */
function instead({ type, other }: Extract<Finding, { kind: 'never' }>): string | undefined {
  if (type.null || other.null) return 'What is absent is not null: ask with $exists( … ).'
  const [word, ...more] = Array.isArray(type.string) ? type.string : []
  if (word !== undefined && more.length === 0 && Array.isArray(other.string)) {
    const guess = didYouMean(word, other.string)
    return guess === undefined ? undefined : `Did you mean ${JSON.stringify(guess)}?`
  }
  return (type.number && other.string) || (type.string && other.number)
    ? 'Numbers and text are never equal: use $number( … ) or $string( … ).'
    : undefined
}

const rangeOfFinding = (finding: Finding, source: string): Range =>
  finding.kind === 'missing' ? rangeOfName(finding.node, source) : rangeOf(finding.node, source)

const echoes = ({ finding, range }: Placed, causes: readonly Placed[]): boolean =>
  causes.some(
    (cause) => (cause.finding.kind !== finding.kind || String(cause.range) !== String(range)) && within(cause.range, range),
  )

const within = (inner: Range, outer: Range): boolean => outer[0] <= inner[0] && inner[1] <= outer[1]

function worded(finding: Finding, span: Span, part: string): Diagnostic {
  switch (finding.kind) {
    case 'missing': {
      const { name, of, known } = finding
      if (of === 'inputs') return codes.inputUnknown(span, name, known)
      return of === 'targets' ? codes.targetUnknown(span, name, known) : codes.propertyUnknown(span, name, of, known)
    }
    case 'unbound':
      return codes.variableUnknown(span, finding.name, finding.known)
    case 'never':
      return codes.comparisonConstant(span, describe(finding.type), describe(finding.other), instead(finding))
    case 'absent':
      return codes.absentPossible(span, finding.role, part)
    case 'mismatch':
      return codes.typeMismatch(span, finding.needed, describe(finding.type), {
        hint: finding.operator === '+' && finding.type.string ? 'Text is joined with &.' : undefined,
      })
  }
}
