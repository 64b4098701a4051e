// Whether two conditions can hold in the same run. Only plain opposites are seen: `a = b` and `a != b`, `x` and `$not(x)`.

import type { Step } from '../model.ts'
import { conditionsIn } from '../types/index.ts'

/** The step never runs where these conditions hold, each as `conditionsIn` prints it. */
export function neverRunsUnder(held: readonly string[], step: Step): boolean {
  if (held.length === 0 || step.if?.kind !== 'expression') return false
  const opposites = new Set(held.flatMap(oppositesOf))
  return conditionsIn(step.if.source).some((each) => opposites.has(each) || oppositesOf(each).some((one) => held.includes(one)))
}

const TURNED: Readonly<Record<string, string>> = { '=': '!=', '!=': '=' }

interface Condition {
  readonly type?: string
  readonly value?: unknown
  readonly arguments?: readonly unknown[]
  readonly procedure?: { readonly type?: string; readonly value?: unknown }
}

function oppositesOf(printed: string): readonly string[] {
  const tree = JSON.parse(printed) as Condition
  const turned = tree.type === 'binary' ? TURNED[String(tree.value)] : undefined
  if (turned !== undefined) return [JSON.stringify({ ...tree, value: turned })]
  const isNot = tree.type === 'function' && tree.procedure?.type === 'variable' && tree.procedure.value === 'not'
  return isNot && tree.arguments?.length === 1 ? [JSON.stringify(tree.arguments[0])] : []
}
