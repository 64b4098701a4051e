// A parsed runbook against the packs at hand: every rule over one survey.
import { type Diagnostic, inReadingOrder } from '../../diagnostics/index.ts'
import type { CatalogueView } from '../catalogue.ts'
import type { Code } from '../codes/index.ts'
import type { Runbook } from '../model.ts'
import { checkApprovals } from './approvals.ts'
import { checkArguments } from './arguments.ts'
import { checkCases } from './cases.ts'
import { cloudedIn } from './clouded.ts'
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
 * All problems, in reading order; never throws on a bad runbook. `broken` holds the steps that parsing left out (`Draft.broken`): references
 * to them are no further problem, nor is what they may have seen to.
 */
export function checkRunbook(
  runbook: Runbook,
  catalogue: CatalogueView,
  broken: Survey['broken'] = new Map(),
): readonly Diagnostic[] {
  const surveyed = survey(runbook, catalogue, broken)
  const found = inReadingOrder(RULES.flatMap((rule) => rule(surveyed)))
  return broken.size === 0 ? found : found.filter(isSoundIn(surveyed))
}

/** What an approval, or an end, would have seen to. */
const BY_ANY_STEP: readonly string[] = ['DESTROY_UNAPPROVED', 'HOLD_TOO_LONG', 'HOLD_UNBOUNDED'] satisfies Code[]
/** What another type, or an assertion, would have seen to. */
const BY_TYPES: readonly string[] = [
  'ABSENT_POSSIBLE',
  'CASE_MISSING',
  'COMPARISON_CONSTANT',
  'SELECTOR_OPEN',
  'TYPE_MISMATCH',
] satisfies Code[]

/** Whether a problem is one whatever the steps say that could not be read. */
function isSoundIn(surveyed: Survey): (problem: Diagnostic) => boolean {
  const mayAssert = [...surveyed.broken.values()].some(assertsPerhaps)
  const isClouded = cloudedIn(surveyed)
  const clouded = surveyed.sites.flatMap(({ template }) => (isClouded(template) ? template.span : []))
  return ({ code, span }) =>
    !BY_ANY_STEP.includes(code) &&
    !(BY_TYPES.includes(code) && (mayAssert || clouded.some(({ start, end }) => span && start <= span.start && span.start < end)))
}

/** Whatever stands between the letters of core/assert, and wherever it breaks off. */
const assertsPerhaps = (step: string): boolean => /corea|assert/.test(step.replaceAll(/[^a-z]/g, ''))
