// The table of verbs. A new verb is a file beside this one and a row here.
import type { StepShape } from '../block.ts'
import { approve } from './approve.ts'
import { end } from './end.ts'
import { fail } from './fail.ts'
import { foreach } from './foreach.ts'
import { parallel } from './parallel.ts'
import { runbook } from './runbook.ts'
import { scope } from './scope.ts'
import { switchVerb } from './switch.ts'
import { uses } from './uses.ts'
import type { Verb } from './verb.ts'
import { wait } from './wait.ts'

export const verbs = (step: StepShape): readonly Verb[] => [
  uses,
  scope(step),
  foreach(step),
  parallel(step),
  switchVerb(step),
  wait,
  approve,
  runbook,
  end,
  fail,
]

export type { StepBase, Verb } from './verb.ts'
