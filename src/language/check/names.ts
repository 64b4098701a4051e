// Packs, connection types and actions exist.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes/index.ts'
import type { Survey } from './survey.ts'

export const checkNames = (survey: Survey): readonly Diagnostic[] => [
  ...checkPacks(survey),
  ...checkTargets(survey),
  ...checkActions(survey),
]

function checkPacks({ runbook, catalogue }: Survey): readonly Diagnostic[] {
  return runbook.uses
    .filter(({ pack }) => pack !== '' && !Object.hasOwn(catalogue.packs, pack))
    .map(({ pack, range, span }) => codes.packUnknown(span, pack, range, Object.keys(catalogue.packs)))
}

/** An alias under `use` whose pack is not at hand has been reported there. */
const reported = ({ runbook, packs }: Survey, alias: string): boolean =>
  !Object.hasOwn(packs, alias) && runbook.uses.some((use) => use.alias === alias)

function checkTargets(survey: Survey): readonly Diagnostic[] {
  const { runbook, catalogue, packs } = survey
  return runbook.targets.flatMap(({ alias, connection, span }) => {
    if (reported(survey, alias)) return []
    const pack = packs[alias]
    if (pack === undefined) return [codes.aliasUnknown(span, alias, Object.keys(packs), `${alias}/${connection}`)]
    if (catalogue.connection(`${pack}/${connection}`) !== undefined) return []
    const known = Object.keys(catalogue.packs[pack]?.connections ?? {}).map((name) => plain(pack, name))
    return [codes.connectionUnknown(span, connection, known, alias)]
  })
}

function checkActions(survey: Survey): readonly Diagnostic[] {
  const { visits, catalogue, packs } = survey
  return visits.flatMap(({ step }) => {
    if (step.kind !== 'uses') return []
    const slash = step.action.indexOf('/')
    const alias = step.action.slice(0, slash)
    const name = step.action.slice(slash + 1)
    if (reported(survey, alias)) return []
    const pack = packs[alias]
    if (pack === undefined) return [codes.aliasUnknown(step.actionSpan, alias, Object.keys(packs), step.action)]
    if (catalogue.action(`${pack}/${name}`) !== undefined) return []
    return [
      codes.actionUnknown(
        step.actionSpan,
        name,
        catalogue.actionsOf(pack).map((each) => plain(pack, each)),
        alias,
      ),
    ]
  })
}

/** A pack's names may come qualified. */
const plain = (pack: string, name: string): string => (name.startsWith(`${pack}/`) ? name.slice(pack.length + 1) : name)
