// `holdfast plan`: what a run would do. Offline: what only a run can tell is unknown, and so is an input that is not given.

import { planRunbook } from '../../plan/index.ts'
import { unboundTargets } from '../bind-targets.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { type InputOptions, readSomeInputs } from '../inputs.ts'
import { type PlanPrinting, printPlan } from '../print-plan.ts'
import { checkedRunbook, openSession } from '../session.ts'

interface Options extends InputOptions, PlanPrinting {}

export const run: RunCommand<[runbook: string], Options> = async (host, options, fileOrName) => {
  const session = await openSession(host, options)
  const { runbook, catalogue } = await checkedRunbook(session, fileOrName, { operations: false })
  const inputs = await readSomeInputs(host, runbook, options)
  const targets = unboundTargets(runbook, catalogue)
  const plan = await planRunbook({ runbook, catalogue, inputs, targets })
  printPlan(host, plan, options)
  return EXIT.done
}
