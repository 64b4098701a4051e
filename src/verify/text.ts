// A verdict for people.
import { position, type Span } from '../diagnostics/index.ts'
import { formatDuration } from '../values/index.ts'
import type { Story } from './story.ts'
import type { Table } from './table.ts'
import { ASSUMPTIONS, type Report } from './verify.ts'

export type Sources = ReadonlyMap<string, string>

export function reportAsText(report: Report, sources: Sources, seconds: number): string {
  const { runbook, version, faults, items, stories, complete, unprotected } = report
  const head = `verify  ${runbook} ${version}  every placement of up to ${count(faults, 'fault')}, ${count(items, 'item')} for each unknown list`
  const result = stories.length > 0 ? `${count(stories.length, 'violation')} found` : 'no violation'
  const bound =
    complete || stories.length > 0
      ? ''
      : '\nNOT COMPLETE: there are more states than --states allows; nothing is known of the rest'
  const lines = [
    head,
    '',
    ...stories.flatMap((story) => [...storyLines(story, sources), `  again: --replay ${story.replay}`, '']),
    `${result}${bound}`,
    figures(report, seconds),
    'assumed:',
    ...ASSUMPTIONS.map((each) => `  ${each}`),
    ...(unprotected.length === 0
      ? []
      : [`held until an engine runs again, for the platform does not let go by itself: ${unprotected.join(', ')}`]),
  ]
  return `${lines.join('\n')}\n`
}

export const figures = ({ states, transitions, depth }: Report, seconds: number): string =>
  `${states} states, ${transitions} transitions, at most ${depth} moves deep, ${seconds.toFixed(1)} s, ${Math.round(states / Math.max(seconds, 0.001))} states/s`

/** For a page or a pull request: the verdict, with the text of the stories as it is. */
export const reportAsMarkdown = (report: Report, sources: Sources, seconds: number): string =>
  `## ${report.runbook} ${report.version}\n\n\`\`\`text\n${reportAsText(report, sources, seconds)}\`\`\`\n`

export const storyAsText = (story: Story, sources: Sources): string => `${storyLines(story, sources).join('\n')}\n`

function storyLines({ violations, lines, held }: Story, sources: Sources): readonly string[] {
  return [
    ...(violations.length === 0
      ? ['no violation at the end of these moves']
      : violations.map(({ promise, text }) => `${promise}: ${text}`)),
    ...lines.map(({ atMs, deviates, path, text, span }) => {
      const place = span ? `  ${placeOf(span, sources)}` : ''
      const at = path === '' ? '' : `${path}: `
      return `  ${deviates ? '!' : ' '} ${formatDuration(atMs).padStart(7)}  ${at}${text}${place}`
    }),
    held.length === 0 ? '  left: nothing' : `  left: ${held.join('; ')}`,
  ]
}

export function tableAsText({ rows, complete }: Table): string {
  const lines: string[] = []
  let at: string | undefined
  for (const { path, happens, results, guest, consistency, remains, alert } of rows) {
    if (path !== at) lines.push(path === '' ? '(between steps)' : path)
    at = path
    lines.push(
      `  ${happens}  →  ${results.join(' | ')}`,
      `      guest ${guest.join(' | ')}; point ${consistency.join(' | ')}${remains.length === 0 ? '' : `; OWED: ${remains.join(', ')}`}${alert ? '; ALERT' : ''}`,
    )
  }
  return `${lines.join('\n')}\n${complete ? '' : '\nNOT COMPLETE: there are more states than --states allows\n'}`
}

export function tableAsMarkdown({ rows, complete }: Table): string {
  const head = ['step', 'what happens', 'the run ends', 'guest', 'consistency of points', 'what remains', 'alert']
  const body = rows.map(({ path, happens, results, guest, consistency, remains, alert }) => [
    path === '' ? '' : `\`${path}\``,
    happens,
    results.join('; '),
    guest.join('; '),
    consistency.join('; '),
    remains.length === 0 ? 'nothing' : remains.join(', '),
    alert ? 'yes' : '',
  ])
  const lines = [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.map(cell).join(' | ')} |`)
  return `${lines.join('\n')}\n${complete ? '' : '\nNot complete: there are more states than `--states` allows.\n'}`
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

export function placeOf({ file, start }: Span, sources: Sources): string {
  const text = sources.get(file)
  return text === undefined ? file : `${file}:${position(text, start).line}`
}

const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? '' : 's'}`
