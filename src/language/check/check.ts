// A parsed runbook against the packs at hand: every rule over one survey.
import { type Diagnostic, inReadingOrder } from '../../diagnostics/index.ts'
import type { CatalogueView } from '../catalogue.ts'
import type { Runbook } from '../model.ts'
import { checkApprovals } from './approvals.ts'
import { checkArguments } from './arguments.ts'
import { checkCases } from './cases.ts'
import { checkEnds } from './ends.ts'
import { checkExpressions } from './expressions.ts'
import { checkFailures } from './failures.ts'
import { checkHolds } from './holds.ts'
import { checkLocks } from './locks.ts'
import { checkNames } from './names.ts'
import { checkOwnership } from './ownership.ts'
import { checkPolling } from './polling.ts'
import { checkReferences } from './references.ts'
import { checkRetries } from './retries.ts'
import { checkRunbooks } from './runbooks.ts'
import { checkSecrets } from './secrets.ts'
import { checkSelectors } from './selectors.ts'
import { checkStepIds } from './step-ids.ts'
import { type Survey, survey } from './survey.ts'
import { checkUnmarked } from './unmarked.ts'
import { checkValueTypes } from './value-types.ts'
import { checkYields } from './yields.ts'

const RULES: readonly ((survey: Survey) => readonly Diagnostic[])[] = [
  checkNames,
  checkRunbooks,
  checkStepIds,
  checkReferences,
  checkExpressions,
  checkArguments,
  checkOwnership,
  checkEnds,
  checkHolds,
  checkLocks,
  checkRetries,
  checkApprovals,
  checkSelectors,
  checkFailures,
  checkSecrets,
  checkPolling,
  checkCases,
  checkValueTypes,
  checkYields,
  checkUnmarked,
]

/**
 * All problems, in reading order; never throws on a bad runbook. `broken` holds ids of steps that parsing left out
 * (`Draft.broken`): references to them are no further problem.
 */
export function checkRunbook(
  runbook: Runbook,
  catalogue: CatalogueView,
  broken: ReadonlySet<string> = new Set(),
): readonly Diagnostic[] {
  const surveyed = survey(runbook, catalogue, broken)
  return inReadingOrder(RULES.flatMap((rule) => rule(surveyed)))
}
