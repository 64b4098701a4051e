// A plan as a Mermaid flowchart, for a page or a pull request. Draws what the plan says and nothing else.
import type { Plan, PlanStep } from '../model.ts'

export function planAsMermaid(plan: Plan): string {
  const names = new Map<string, string>()
  const nameOf = (path: string): string => {
    const known = names.get(path) ?? `s${names.size}`
    names.set(path, known)
    return known
  }
  const lines = ['flowchart TD']
  const drawAll = (steps: readonly PlanStep[], indent: string): void => {
    let before: string | undefined
    for (const step of steps) {
      const name = nameOf(step.path)
      if (step.steps.length > 0) {
        lines.push(`${indent}subgraph ${name}["${quote(step.id)} (${step.verb})"]`)
        drawAll(step.steps, `${indent}  `)
        lines.push(`${indent}end`)
      } else {
        lines.push(`${indent}${name}${shape(step)}`)
      }
      if (before !== undefined) lines.push(`${indent}${before} ${step.certainty === 'may' ? '-.->' : '-->'} ${name}`)
      before = name
    }
  }
  drawAll(plan.steps, '  ')
  for (const hold of plan.holds) {
    lines.push(`  ${nameOf(hold.path)} -. holds .-> h${nameOf(hold.path)}[("${quote(hold.title)}")]`)
  }
  return `${lines.join('\n')}\n`
}

/** Acquiring steps are drawn as stadiums, the others as boxes. */
function shape(step: PlanStep): string {
  const text = `"${quote(step.id)}<br/>${quote(step.action ?? step.verb)}"`
  return step.effect === 'acquire' ? `([${text}])` : `[${text}]`
}

const quote = (text: string): string => text.replaceAll('"', '#quot;')
