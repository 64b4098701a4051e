// Scores as a table for people, in Markdown, so that it can be pasted into docs/performance.md.
import { formatSize } from '../../src/values/index.ts'
import type { Against, Kept, Result, Score } from './contest.ts'

const MIB = 2 ** 20

export const HEAD = `| work | who | wall s | CPU s | peak MiB | × wall | × CPU | goal |
| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |`

/** One row for us, one for each peer, one for each bound. */
export function tableRows({ title, ours, against, bounds, missing }: Score): readonly string[] {
  return [
    line(title, ...figures(ours), '', '', ''),
    ...against.map((peer) =>
      line('', ...figures(peer), peer.ratio.toFixed(2), peer.cpuRatio.toFixed(2), peer.goal === undefined ? '' : verdictOf(peer)),
    ),
    ...bounds.map((bound) => line('', bound.name, '', '', '', '', '', boundVerdict(bound))),
    ...missing.map((name) => line('', `${name}: not installed`, '', '', '', '', '', '')),
  ]
}

/** How many goals there were, and how many were missed. */
export function countGoals(scores: readonly Score[]): { readonly goals: number; readonly missed: number } {
  const met = scores.flatMap(({ against, bounds }) => [
    ...against.flatMap(({ ratio, goal }) => (goal === undefined ? [] : [ratio >= goal])),
    ...bounds.map(({ value, atMost }) => value <= atMost),
  ])
  return { goals: met.length, missed: met.filter((isMet) => !isMet).length }
}

const figures = ({ name, wallMs, cpuMs, peakBytes }: Result): readonly string[] => [
  name,
  (wallMs / 1000).toFixed(2),
  (cpuMs / 1000).toFixed(2),
  (peakBytes / MIB).toFixed(0),
]

const verdictOf = ({ ratio, goal = 0 }: Against): string => `≥ ${goal}: ${ratio >= goal ? 'met' : '**missed**'}`

function boundVerdict({ value, atMost, unit }: Kept): string {
  const text = (figure: number): string => (unit === 'bytes' ? formatSize(figure) : figure.toFixed(figure < 0.1 ? 4 : 2))
  return `${text(value)} ≤ ${text(atMost)}: ${value <= atMost ? 'met' : '**missed**'}`
}

const line = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`
