// What is told about saved plans, and about runs that are held to one. One builder per code; codes never change meaning.
import type { Diagnostic } from '../../diagnostics/index.ts'
import type { CodeMeaning } from '../../language/index.ts'
import type { Json } from '../../values/index.ts'
import type { Change } from './model.ts'
import { driftInWords, show } from './words.ts'

export const planCodes = {
  PLAN_DAMAGED: {
    title: 'A saved plan is not as it was written',
    explanation:
      'The file carries a hash of its content, and the two do not fit: it was edited, or cut short. A run is held only to what was really planned.',
  },
  PLAN_DOCUMENT_CHANGED: {
    title: 'A runbook or pack is not the one that was planned with',
    explanation:
      'A plan is pinned to the texts of its runbook and packs. Another text may do something else, so it needs another plan.',
  },
  PLAN_DRIFTED: {
    title: 'A run would not do what its plan says',
    explanation:
      'What the plan read was read again, and something that would be changed, acquired, released, locked or approved is not what it was. Nothing was touched.',
  },
  PLAN_FORMAT_UNKNOWN: {
    title: 'A saved plan has a format that this version cannot read',
    explanation: 'It was made by another version of Holdfast.',
  },
  PLAN_INPUT_DIFFERS: {
    title: 'An input is not the one of the plan',
    explanation: 'A run that is held to a plan takes its inputs from there.',
  },
  PLAN_RUNBOOK_DIFFERS: {
    title: 'A plan or a run is of another runbook',
    explanation: 'A run can be held only to a plan of its own runbook, and a plan can be made only from a run of its own.',
  },
  PLAN_TARGET_DIFFERS: {
    title: 'A target is not bound as in the plan',
    explanation: 'A run that is held to a plan takes its targets from there.',
  },
  PLAN_UNREADABLE: {
    title: 'A file is no saved plan',
    explanation: '`holdfast plan RUNBOOK -o FILE` writes one.',
  },
} as const satisfies Readonly<Record<string, CodeMeaning>>

const error = (code: keyof typeof planCodes, message: string, hint?: string): Diagnostic => ({
  code,
  severity: 'error',
  message,
  ...(hint === undefined ? {} : { hint }),
})

const AGAIN = 'Plan again, compare the two with `holdfast plan --diff`, and have the new one approved.'

export const planUnreadable = (file: string, why: string): Diagnostic =>
  error('PLAN_UNREADABLE', `${file} is no saved plan: ${why}`, '`holdfast plan RUNBOOK -o FILE` writes one.')

export const planFormatUnknown = (file: string, format: Json): Diagnostic =>
  error(
    'PLAN_FORMAT_UNKNOWN',
    `${file} has the plan format ${show(format)}; this version reads format 1`,
    'Plan again with this version.',
  )

export const planDamaged = (file: string): Diagnostic =>
  error(
    'PLAN_DAMAGED',
    `${file} is not as it was written: its content does not fit its hash`,
    'Plan again; a plan cannot be edited.',
  )

export const planRunbookDiffers = (name: string, of: string, given: string, kind: 'plan' | 'run' = 'plan'): Diagnostic =>
  error('PLAN_RUNBOOK_DIFFERS', `${name} is a ${kind} of ${of}, not of ${given}`, `Give ${of}, or a ${kind} of ${given}.`)

/** `role` as in the pins: `runbook`, `pack:<name>`, `openapi:<name>`. */
export const planDocumentChanged = (role: string, change: Change['kind']): Diagnostic => {
  const [kind, name] = role.split(':')
  const words =
    name === undefined ? `the ${kind}` : kind === 'openapi' ? `the OpenAPI document of pack ${name}` : `${kind} ${name}`
  const how = {
    added: 'was not part of the plan',
    removed: 'is not there any more',
    changed: 'has changed',
    moved: 'has changed',
  }
  return error('PLAN_DOCUMENT_CHANGED', `${words} ${how[change]} since the plan was made`, AGAIN)
}

export const planInputDiffers = (name: string, planned: Json | undefined, given: Json): Diagnostic =>
  error(
    'PLAN_INPUT_DIFFERS',
    planned === undefined
      ? `input ${name} is given, and the plan was made without it`
      : `input ${name} is ${show(planned)} in the plan, and ${show(given)} is given`,
    `Leave ${name} out, or plan again with it.`,
  )

export const planTargetDiffers = (name: string, planned: string, given: string): Diagnostic =>
  error(
    'PLAN_TARGET_DIFFERS',
    `target ${name} is bound to ${planned} in the plan, and to ${given} here`,
    `Leave --target ${name}=${given} out, or plan again with it.`,
  )

export const planDrifted = (change: Change): Diagnostic => error('PLAN_DRIFTED', driftInWords(change), AGAIN)
