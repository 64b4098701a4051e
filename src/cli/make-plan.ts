// A plan from the command line's options: what `plan` prints, `plan --diff` compares and `run --plan` holds a run to.
import { type Plan, planRunbook } from '../plan/index.ts'
import type { JsonObject } from '../values/index.ts'
import { unboundTargets } from './bind-targets.ts'
import type { Host } from './host.ts'
import { type InputOptions, readSomeInputs } from './inputs.ts'
import { type CheckedRunbook, checkedRunbook, type Session } from './session.ts'

export interface PlanOptions extends InputOptions {}

/** What the run would do, as far as can be told without reading anything. */
export const planOffline = ({ runbook, catalogue }: CheckedRunbook, inputs: JsonObject, targets: JsonObject): Promise<Plan> =>
  planRunbook({ runbook, catalogue, inputs, targets })

/** Offline: what only a run can tell is unknown, and so is an input that is not given. Throws Refusal. */
export async function makePlan(host: Host, session: Session, fileOrName: string, options: PlanOptions): Promise<Plan> {
  const loaded = await checkedRunbook(session, fileOrName, { operations: false })
  const inputs = await readSomeInputs(host, loaded.runbook, options)
  return planOffline(loaded, inputs, unboundTargets(loaded.runbook, loaded.catalogue))
}
