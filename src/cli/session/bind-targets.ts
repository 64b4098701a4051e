// Which configured target each target of a runbook is bound to: the one that --target names, else the one of the same name.
import { type Diagnostic, didYouMean } from '../../diagnostics/index.ts'
import { type Runbook, resolveUses } from '../../language/index.ts'
import type { Catalogue } from '../../packs/index.ts'
import type { JsonObject } from '../../values/index.ts'
import { targetMalformed, targetTypeWrong, targetUnbound, targetUnknown } from '../codes.ts'
import type { Config } from '../config/index.ts'
import { EXIT } from '../exit-codes.ts'
import { refuseErrors } from '../refusal.ts'
import type { CheckedRunbook } from './session.ts'

/** Configured target by the runbook's name for it. Throws Refusal with everything that is wrong. */
export function bindTargets(
  { runbook, catalogue }: CheckedRunbook,
  config: Config,
  options: readonly string[],
): Readonly<Record<string, string>> {
  const diagnostics: Diagnostic[] = []
  const named = parse(options, diagnostics)
  const declared = runbook.targets.map(({ name }) => name)
  for (const name of named.keys())
    if (!declared.includes(name)) diagnostics.push(targetUnknown(name, 'the runbook', didYouMean(name, declared)))

  const bound: Record<string, string> = {}
  for (const { name, connection: wanted } of targetsOf(runbook, catalogue)) {
    const choice = named.get(name) ?? name
    const target = config.targets.get(choice)
    if (!target && named.has(name))
      diagnostics.push(targetUnknown(choice, 'the configuration', didYouMean(choice, config.targets.keys())))
    else if (!target) diagnostics.push(targetUnbound(name, wanted))
    else if (target.connection !== wanted)
      diagnostics.push(targetTypeWrong(name, wanted, choice, target.connection, targetsOfType(config, wanted)))
    else bound[name] = choice
  }
  refuseErrors(diagnostics, config.sources, EXIT.usage)
  return bound
}

const targetsOfType = ({ targets }: Config, type: string): readonly string[] =>
  [...targets].filter(([, { connection }]) => connection === type).map(([name]) => name)

/** Each target that the runbook declares, with its qualified connection type. */
function targetsOf(runbook: Runbook, { packs }: Catalogue): readonly { readonly name: string; readonly connection: string }[] {
  const byAlias = resolveUses(runbook, packs)
  return runbook.targets.map(({ name, alias, connection }) => ({ name, connection: `${byAlias[alias] ?? alias}/${connection}` }))
}

/** References as a run gets them; a target that is not bound stands for itself. */
export const targetRefs = (
  runbook: Runbook,
  catalogue: Catalogue,
  bound: Readonly<Record<string, string>> = {},
): Readonly<Record<string, JsonObject>> =>
  Object.fromEntries(
    targetsOf(runbook, catalogue).map(({ name, connection }) => [name, { $target: bound[name] ?? name, connection }]),
  )

/** Connection type of each target, by the runbook's name for it. */
export const connectionTypes = (runbook: Runbook, catalogue: Catalogue): Readonly<Record<string, string>> =>
  Object.fromEntries(targetsOf(runbook, catalogue).map(({ name, connection }) => [name, connection]))

function parse(options: readonly string[], diagnostics: Diagnostic[]): ReadonlyMap<string, string> {
  const named = new Map<string, string>()
  for (const option of options) {
    const [, name, target] = /^([^=]+)=(.+)$/.exec(option) ?? []
    if (name === undefined || target === undefined) diagnostics.push(targetMalformed(option))
    else named.set(name, target)
  }
  return named
}
