// A run that is held to a plan: set up as it was planned, or refused before anything is touched.
import { pinsOf } from '../../engine/index.ts'
import {
  basisInWords,
  changedDocuments,
  driftOf,
  type Plan,
  planDocumentChanged,
  planDrifted,
  planInputDiffers,
  planRunbookDiffers,
  planTargetDiffers,
} from '../../plan/index.ts'
import { isUnknown, type JsonObject } from '../../values/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import { Refusal } from '../refusal.ts'
import type { CheckedRunbook, Session } from '../session/index.ts'
import { bindTargets, type InputOptions, readGivenInputs, readInputs } from '../session/index.ts'
import { planAnew } from './make-plan.ts'
import { knownInputs, loadPlan } from './saved-plan.ts'

export interface PlannedRunOptions extends InputOptions {
  readonly target: readonly string[]
  readonly plan: string
}

export interface PlannedRun {
  readonly plan: Plan
  readonly inputs: JsonObject
  readonly targets: Readonly<Record<string, string>>
}

/** Inputs and targets of the plan; others that are given are refused by name. Throws Refusal. */
export async function openPlannedRun(
  host: Host,
  { config }: Session,
  loaded: CheckedRunbook,
  options: PlannedRunOptions,
): Promise<PlannedRun> {
  const { runbook } = loaded
  const plan = await loadPlan(host, options.plan)
  if (plan.runbook !== runbook.name) throw new Refusal([planRunbookDiffers(options.plan, plan.runbook, runbook.name)])
  refuseAll(changedDocuments(plan.pins, await pinsOf(loaded)).map(({ at, kind }) => planDocumentChanged(at, kind)))
  const planned = plannedTargets(plan)
  const others = [
    ...otherInputs(plan, await readGivenInputs(host, runbook, options)),
    ...options.target.flatMap((text) => otherTarget(planned, text)),
  ]
  if (others.length > 0) throw new Refusal(others)
  const inputs = await readInputs(host, runbook, { ...options, planned: knownInputs(plan) })
  const bound = Object.entries(planned).map(([name, target]) => `${name}=${target}`)
  return { plan, inputs, targets: bindTargets(loaded, config, [...bound, ...options.target]) }
}

/**
 * Before the run starts: what the plan read is read again, and whatever would now be done otherwise is refused by name.
 * A plan that read nothing says so. Throws Refusal.
 */
export async function refuseDrift(
  host: Host,
  session: Session,
  loaded: CheckedRunbook,
  { plan, inputs, targets }: PlannedRun,
): Promise<void> {
  if (plan.basis.kind !== 'read') {
    host.stderr.write(`the plan was ${basisInWords(plan.basis)}: only documents, inputs and targets are held to it\n`)
    return
  }
  const bound = Object.entries(targets).map(([name, target]) => `${name}=${target}`)
  refuseAll(driftOf(plan, await planAnew(host, session, loaded, inputs, bound)).map(planDrifted))
}

/** An input that the plan left open may be given. */
const otherInputs = (plan: Plan, given: JsonObject) =>
  Object.entries(given).flatMap(([name, value]) => {
    const before = plan.inputs[name]
    const isOther = before === undefined || (!isUnknown(before) && JSON.stringify(before) !== JSON.stringify(value))
    return isOther ? [planInputDiffers(name, before, value)] : []
  })

function otherTarget(planned: Readonly<Record<string, string>>, text: string) {
  const [, name = '', target = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  const before = planned[name]
  return before === undefined || before === target ? [] : [planTargetDiffers(name, before, target)]
}

const plannedTargets = ({ targets }: Plan): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(targets).map(([name, target]) => [name, (target as { $target: string }).$target]))

function refuseAll(diagnostics: Refusal['diagnostics']): void {
  if (diagnostics.length > 0) throw new Refusal(diagnostics, { exitCode: EXIT.planDiffers })
}
