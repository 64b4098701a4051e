// The differences of two plans for people: at a terminal, and for a change ticket.
import type { Change, PlanDiff, PlanName } from './model.ts'
import { basisInWords, factsInWords, showAs } from './words.ts'

const TITLES: Readonly<Record<Change['about'], string>> = {
  runbook: 'Runbook',
  document: 'Documents',
  input: 'Inputs',
  target: 'Targets',
  step: 'Steps',
  hold: 'What is held',
  lock: 'Locks',
  affected: 'What is affected',
  total: 'In sum',
}
const SIGNS = { added: '+', removed: '-', moved: '>', changed: '~' } as const
/** Select Graphic Rendition, ECMA-48 8.3.117. */
const SGR = { added: '32', removed: '31', moved: '36', changed: '33' } as const

export function diffAsText(diff: PlanDiff, { colour }: { readonly colour: boolean }): string {
  const paint = ({ kind }: Change, text: string): string => (colour ? `\u001b[${SGR[kind]}m${text}\u001b[0m` : text)
  const lines = [
    `old  ${nameInWords(diff.old)}`,
    `new  ${nameInWords(diff.new)}`,
    '',
    ...(diff.same ? ['no difference'] : []),
    ...sections(diff).flatMap(([title, changes]) => [
      title,
      ...changes.map((change) => paint(change, `  ${SIGNS[change.kind]} ${changeInWords(change)}`)),
      '',
    ]),
    ...(diff.same ? [] : [countsInWords(diff)]),
  ]
  return `${lines.join('\n')}\n`
}

export function diffAsMarkdown(diff: PlanDiff): string {
  const lines = [
    `## Plan of ${diff.new.runbook}: ${diff.same ? 'no difference' : countsInWords(diff)}`,
    '',
    `- old: ${nameInWords(diff.old)}`,
    `- new: ${nameInWords(diff.new)}`,
    '',
    ...sections(diff).flatMap(([title, changes]) => [
      `### ${title}`,
      '',
      '```diff',
      ...changes.map((change) => `${MARKDOWN_SIGNS[change.kind]} ${changeInWords(change)}`),
      '```',
      '',
    ]),
  ]
  return `${lines.join('\n').trimEnd()}\n`
}

/** What a `diff` block colours. */
const MARKDOWN_SIGNS = { added: '+', removed: '-', moved: '!', changed: '!' } as const

const sections = ({ changes }: PlanDiff): readonly (readonly [string, readonly Change[]])[] =>
  [...Map.groupBy(changes, ({ about }) => about)].map(([about, of]) => [TITLES[about], of] as const)

const nameInWords = ({ runbook, version, basis }: PlanName): string => `${runbook} ${version}, ${basisInWords(basis)}`

function countsInWords({ changes }: PlanDiff): string {
  const counts = Object.keys(SIGNS).flatMap((kind) => {
    const count = changes.filter((change) => change.kind === kind).length
    return count === 0 ? [] : [`${count} ${kind}`]
  })
  return counts.join(', ')
}

export function changeInWords({ about, at, kind, what, was, is }: Change): string {
  const facts = about === 'step' || about === 'hold' ? factsInWords : (value: Change['was']) => showAs(undefined, value)
  const whole = at === 'run' ? (what ?? at) : what === undefined ? at : `${at}  ${what}`
  switch (kind) {
    case 'added':
      return is === undefined ? whole : `${whole}  ${facts(is)}`
    case 'removed':
      return was === undefined ? whole : `${whole}  ${facts(was)}`
    case 'moved':
      return was === undefined ? `${whole}  to another place in its block` : `${whole}  from ${was}`
    case 'changed':
      return was === undefined && is === undefined ? whole : `${whole}  ${showAs(what, was)} → ${showAs(what, is)}`
    default:
      return kind satisfies never
  }
}
