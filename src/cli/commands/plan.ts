// `holdfast plan`: what a run would do; saved, or compared with another plan, where that is asked for.
import { diffAsMarkdown, diffAsText, diffPlans, type PlanDiff } from '../../plan/index.ts'
import { diffFormatUnfit } from '../codes.ts'
import type { GlobalOptions, RunCommand } from '../command.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { type Host, wantsColour } from '../host.ts'
import {
  isSavedPlan,
  knownInputs,
  loadPlan,
  makePlan,
  type PlanOptions,
  type PlanPrinting,
  printPlan,
  savePlan,
} from '../plans/index.ts'
import { Refusal } from '../refusal.ts'
import { openSession } from '../session/index.ts'

interface Options extends PlanOptions, PlanPrinting {
  /** Where the plan is saved. */
  readonly out?: string
  /** The saved plan that this one is compared with. */
  readonly diff?: string
}

export const run: RunCommand<[runbook: string], Options> = async (host, options, fileOrName) => {
  const { diff, out } = options
  if (diff !== undefined) return compare(host, options, diff, fileOrName)
  const plan = isSavedPlan(fileOrName)
    ? await loadPlan(host, fileOrName)
    : await makePlan(host, await openSession(host, options), fileOrName, options)
  printPlan(host, plan, options)
  if (out === undefined) return EXIT.done
  await savePlan(host, out, plan)
  host.stderr.write(`saved as ${out}; hold a run to it with: holdfast run ${fileOrName} --plan ${out}\n`)
  return EXIT.done
}

/** The other one is a saved plan, or a runbook that is planned now: with the inputs of the old one, where none are given. */
async function compare(host: Host, options: Options & GlobalOptions, oldFile: string, other: string): Promise<ExitCode> {
  if (!isDiffFormat(options.format)) throw new Refusal([diffFormatUnfit(options.format)])
  const old = await loadPlan(host, oldFile)
  const now = isSavedPlan(other)
    ? await loadPlan(host, other)
    : await makePlan(host, await openSession(host, options), other, { ...options, planned: knownInputs(old) })
  const diff = diffPlans(old, now)
  host.stdout.write(diffInView(host, diff, options.format))
  return diff.same ? EXIT.done : EXIT.planDiffers
}

const DIFF_FORMATS = ['text', 'json', 'markdown'] as const
type DiffFormat = (typeof DIFF_FORMATS)[number]
const isDiffFormat = (format: string): format is DiffFormat => (DIFF_FORMATS as readonly string[]).includes(format)

function diffInView(host: Host, diff: PlanDiff, format: DiffFormat): string {
  switch (format) {
    case 'text':
      return diffAsText(diff, { colour: wantsColour(host, host.stdout) })
    case 'json':
      return `${JSON.stringify(diff, undefined, 2)}\n`
    case 'markdown':
      return diffAsMarkdown(diff)
    default:
      return format satisfies never
  }
}
