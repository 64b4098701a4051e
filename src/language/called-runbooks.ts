// Which runbooks a runbook calls, as its text says: for whoever brings their texts.
import type { Block, RunbookStep, Step } from './model.ts'

/** The calls of runbooks among these steps and those inside them. */
export function runbookCallsIn(steps: readonly Step[]): readonly RunbookStep[] {
  return steps.flatMap((step) =>
    step.kind === 'runbook' ? [step] : blocksIn(step).flatMap((block) => runbookCallsIn(block.steps)),
  )
}

/** The blocks that a step holds in its own document. */
export function blocksIn(step: Step): readonly Block[] {
  switch (step.kind) {
    case 'scope':
      return step.catch ? [step.body, step.catch.body] : [step.body]
    case 'foreach':
      return [step.body]
    case 'parallel':
      return step.branches.map(({ body }) => body)
    case 'switch':
      return [...step.cases.map(({ body }) => body), ...(step.else ? [step.else] : [])]
    case 'uses':
    case 'wait':
    case 'approve':
    case 'runbook':
    case 'end':
    case 'fail':
      return []
  }
}
