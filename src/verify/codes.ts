// What verify tells where it stands beside other checks. One builder per code; codes never change meaning.
import type { Diagnostic, Span } from '../diagnostics/index.ts'
import type { CodeMeaning } from '../language/index.ts'
import { type Sources, storyAsText } from './text.ts'
import type { Told } from './verify.ts'

export const verifyCodes = {
  VERIFY_INCOMPLETE: {
    title: 'A runbook was verified for fewer faults than was asked for',
    explanation: 'Verify gives up after a number of states. What it says of fewer faults holds; of more faults nothing is known.',
  },
  VERIFY_VIOLATED: {
    title: 'Something that can go wrong would leave something behind',
    explanation:
      'Verify tried every placement of a few faults and found one after which a promise of Holdfast does not hold. The message tells what happens; `!` marks a fault. The guide on verify says how to read it.',
  },
} as const satisfies Readonly<Record<string, CodeMeaning>>

/** One for a counterexample, at the step that it is about. `runbook`: the file, as it was named. */
export function verifyViolated(story: Told, runbook: string, sources: Sources): Diagnostic {
  const span = story.at ?? story.lines.findLast((line) => line.span !== undefined)?.span
  return {
    code: 'VERIFY_VIOLATED',
    severity: 'error',
    message: storyAsText(story, sources).trimEnd(),
    span: span ?? startOf(runbook),
    hint: `\`holdfast verify ${runbook} --replay ${story.replay}\` tells it again.`,
  }
}

/** `tried`: the most faults of which every placement was tried; undefined when even a run without faults is too much. */
export const verifyIncomplete = (
  runbook: string,
  { tried, states }: { readonly tried: number | undefined; readonly states: number },
): Diagnostic => ({
  code: 'VERIFY_INCOMPLETE',
  severity: 'warning',
  message:
    tried === undefined
      ? `a run without faults has more than ${states} states, so nothing was verified`
      : `${tried === 0 ? 'a run without faults' : `every placement of up to ${count(tried)}`} was tried, but with ${count(tried + 1)} there are more than ${states} states`,
  span: startOf(runbook),
  hint: tried
    ? `Allow more with --states, or be content with --faults ${tried}.`
    : 'Allow more with --states, or try fewer --items.',
})

const startOf = (file: string): Span => ({ file, start: 0, end: 0 })
const count = (faults: number): string => `${faults} fault${faults === 1 ? '' : 's'}`
