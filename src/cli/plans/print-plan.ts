// Prints a plan in the view that was asked for.
import { type Plan, planAsHtml, planAsJson, planAsMarkdown, planAsMermaid, planAsText } from '../../plan/index.ts'
import { type Host, wantsColour } from '../host.ts'

export interface PlanPrinting {
  readonly format: 'text' | 'json' | 'markdown' | 'mermaid' | 'html'
  readonly requests?: boolean
  readonly unwind?: boolean
  readonly items?: boolean
}

export function printPlan(host: Host, plan: Plan, options: PlanPrinting): void {
  host.stdout.write(planInView(host, plan, options))
}

function planInView(host: Host, plan: Plan, { format, ...shown }: PlanPrinting): string {
  switch (format) {
    case 'json':
      return planAsJson(plan)
    case 'markdown':
      return planAsMarkdown(plan)
    case 'html':
      return planAsHtml(plan)
    case 'mermaid':
      return planAsMermaid(plan)
    case 'text':
      return planAsText(plan, { ...shown, width: columnsOf(host), colour: wantsColour(host, host.stdout) })
    default:
      return format satisfies never
  }
}

/** What is not looked at by a person gets the wide form. */
const PIPED_COLUMNS = 120
const LEAST_COLUMNS = 40

function columnsOf({ stdout, env }: Host): number {
  const columns = stdout.terminal?.columns ?? Number(env.COLUMNS ?? PIPED_COLUMNS)
  return Number.isInteger(columns) ? Math.max(LEAST_COLUMNS, columns) : PIPED_COLUMNS
}
