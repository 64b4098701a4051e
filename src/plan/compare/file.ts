// A plan as a file: JSON with a hash over its content, so that what was approved is what a run is held to.
import { createHash } from 'node:crypto'
import type { Diagnostic } from '../../diagnostics/index.ts'
import { wordProblem } from '../../language/index.ts'
import { isObject, type Json, type JsonObject, validator } from '../../values/index.ts'
import type { Plan } from '../model.ts'
import { planSchema } from '../schema.ts'
import { planDamaged, planFormatUnknown, planUnreadable } from './codes.ts'
import { canonical } from './values.ts'

/** The text of a saved plan. The hash does not depend on layout or order of keys. */
export const planAsJson = (plan: Plan): string => `${JSON.stringify({ sha256: hashOf(plan), ...plan }, undefined, 2)}\n`

export interface SavedPlan {
  readonly plan?: Plan
  readonly diagnostics: readonly Diagnostic[]
}

/** `file` is its name in messages. Never throws on a bad text. */
export function readPlan(text: string, file: string): SavedPlan {
  const refuse = (diagnostic: Diagnostic): SavedPlan => ({ diagnostics: [diagnostic] })
  const saved = parsed(text)
  if (!isObject(saved) || saved.format === undefined || saved.steps === undefined)
    return refuse(planUnreadable(file, 'it is not the JSON of a plan'))
  if (saved.format !== 1) return refuse(planFormatUnknown(file, saved.format))
  const { sha256, ...content } = saved
  if (sha256 !== hashOf(content)) return refuse(planDamaged(file))
  const [problem] = validator(planSchema).problems(saved)
  if (problem) return refuse(planUnreadable(file, `${problem.path.join('.') || 'it'} ${wordProblem(problem)}`))
  return { plan: content as unknown as Plan, diagnostics: [] }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** sha256 of the content, hex. */
const hashOf = (content: Plan | JsonObject): string =>
  createHash('sha256')
    .update(canonical(JSON.parse(JSON.stringify(content)) as Json))
    .digest('hex')
