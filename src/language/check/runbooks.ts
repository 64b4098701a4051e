// Calls of runbooks: the one that is meant exists, gets its targets, and does not come back to itself.
import type { Diagnostic } from '../../diagnostics/index.ts'
import { runbookCallsIn } from '../called-runbooks.ts'
import { type CatalogueView, resolveUses } from '../catalogue.ts'
import * as codes from '../codes/index.ts'
import type { Runbook, RunbookStep } from '../model.ts'
import type { RunbookCall, Survey } from './survey.ts'

export function checkRunbooks(survey: Survey): readonly Diagnostic[] {
  const { visits, runbookCalls, catalogue } = survey
  const names = catalogue.runbookNames()
  return [
    ...visits.flatMap(({ step }) =>
      step.kind === 'runbook' && !names.includes(step.runbook)
        ? [codes.runbookUnknown(step.runbookSpan, step.runbook, step.range, names)]
        : [],
    ),
    ...runbookCalls.flatMap(({ step }) => checkCircle(step, catalogue)),
    ...runbookCalls.flatMap((call) => checkTargets(call, survey)),
  ]
}

function checkCircle({ runbook, runbookSpan }: RunbookStep, catalogue: CatalogueView): readonly Diagnostic[] {
  const way = wayBack(runbook, [runbook], catalogue, new Set())
  return way ? [codes.runbookCircle(runbookSpan, way)] : []
}

/** The calls that lead from the first of `way` to itself. */
function wayBack(
  wanted: string,
  way: readonly string[],
  catalogue: CatalogueView,
  seen: Set<string>,
): readonly string[] | undefined {
  const runbook = catalogue.runbook(way.at(-1) ?? wanted)
  for (const { runbook: next } of runbook ? runbookCallsIn(runbook.steps) : []) {
    if (next === wanted) return [...way, wanted]
    if (seen.has(next)) continue
    seen.add(next)
    const rest = wayBack(wanted, [...way, next], catalogue, seen)
    if (rest) return rest
  }
  return undefined
}

function checkTargets({ step, runbook }: RunbookCall, { runbook: caller, packs, catalogue }: Survey): readonly Diagnostic[] {
  const wanted = connectionsOf(runbook, resolveUses(runbook, catalogue.packs))
  const has = connectionsOf(caller, packs)
  const unknown = step.targets.flatMap(({ name, nameSpan, target, targetSpan }) => {
    if (!wanted.has(name)) return [codes.runbookTargetUnknown(nameSpan, step.runbook, name, [...wanted.keys()])]
    return has.has(target) ? [] : [codes.targetUnknown(targetSpan, target, [...has.keys()])]
  })
  const unfit = [...wanted].flatMap(([name, connection]) => {
    const binding = step.targets.find((each) => each.name === name)
    const bound = has.get(binding?.target ?? name)
    if (bound === undefined) return binding ? [] : [codes.runbookTargetMissing(step.runbookSpan, step.runbook, name, connection)]
    if (bound === connection) return []
    const span = binding?.targetSpan ?? step.runbookSpan
    return [codes.connectionMismatch(span, `targets.${binding?.target ?? name}`, bound, connection)]
  })
  return [...unknown, ...unfit]
}

/** Qualified connection type of each target by its name. */
const connectionsOf = ({ targets }: Runbook, packs: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(targets.map(({ name, alias, connection }) => [name, `${packs[alias] ?? alias}/${connection}`]))
