// What an editor asks of a place in a runbook: which names can be written there, and what a part of an expression is. It judges nothing.
import { functionTexts, propertiesAfter, typeOfCut, typeText, UNKNOWN, variablesIn } from '../types/index.ts'
import { earlierStep, type Sight } from './survey.ts'

export interface Visible {
  /** As it is written, `$` included. */
  readonly name: string
  readonly kind: 'root' | 'step' | 'property' | 'variable' | 'function'
  /** A type, or how the function is called. */
  readonly detail: string
}

/** What can be written behind `head`: an expression up to the name that is being typed. */
export function visibleAfter(head: string, sight: Sight): readonly Visible[] {
  const properties = propertiesAfter(head, surroundings(sight))
  const ofSteps = /(?:^|[^\w.$`])(?:\$\$\.)?steps\.$/.test(head)
  const atRoot = properties.some(({ type }) => type === sight.roots.inputs)
  const kind = ofSteps ? 'step' : atRoot ? 'root' : 'property'
  const names = properties
    .filter(({ name }) => !ofSteps || earlierStep(sight, name))
    .map(
      ({ name, type }): Visible => ({
        name: /^\w+$/.test(name) ? name : `\`${name}\``,
        kind,
        detail: typeText(type, kind === 'root' ? 1 : 2),
      }),
    )
  return /[.`]$/.test(head) || typeOfCut(`${head}$`, surroundings(sight)) === undefined ? names : [...names, ...operands(head)]
}

const operands = (head: string): readonly Visible[] => [
  ...variablesIn(head).map((name): Visible => ({ name: `$${name}`, kind: 'variable', detail: 'variable' })),
  ...functionTexts.map(({ name, signature }): Visible => ({ name: `$${name}`, kind: 'function', detail: signature })),
]

/** The type of the path or variable that ends where `before` ends, in words. */
export function typeWhere(before: string, sight: Sight): string | undefined {
  const type = typeOfCut(before, surroundings(sight))
  return type && typeText(type)
}

/** How one of JSONata's own functions is called; undefined for any other name. */
export const functionSignature = (name: string): string | undefined => functionTexts.find((each) => each.name === name)?.signature

/** The texts that the path or variable ending where `before` ends can be, where it can be one of a few only. */
export function textsWhere(before: string, sight: Sight): readonly string[] {
  const texts = typeOfCut(before, surroundings(sight))?.string
  return Array.isArray(texts) ? texts : []
}

const surroundings = ({ roots, facts }: Sight) => ({ root: { object: { properties: roots, rest: UNKNOWN } }, facts })
