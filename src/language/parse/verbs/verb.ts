// What a verb is to the parser: the key that names it, its shape, the keys that may stand beside it, and the step they make.
import type { Span } from '../../../diagnostics/index.ts'
import type { Step, Template } from '../../model.ts'
import type { YamlMap } from '../../syntax/index.ts'
import { type Keys, type Read, type Reading, readKeys, type Shape } from '../shape.ts'

export interface StepBase {
  readonly id: string
  readonly idSpan: Span
  readonly if?: Template
  readonly span: Span
}

export interface Verb {
  readonly name: string
  readonly description: string
  /** The verb's own key and those beside it. */
  readonly keys: Keys
  read(map: YamlMap, base: StepBase, to: Reading): Step | undefined
}

/** `make` gets everything read; `beside` are keys on the step itself, as `timeout` is beside `uses`. */
export function verb<T, const K extends Keys>(
  name: string,
  description: string,
  shape: Shape<T>,
  beside: K,
  make: (value: T, beside: Read<K>, base: StepBase, to: Reading) => Step | undefined,
): Verb {
  const own = { [name]: { shape, required: true, description } }
  return {
    name,
    description,
    keys: { ...own, ...beside },
    read(map, base, to) {
      const value = readKeys(map, own, `a ${name} step`, to)?.[name] as T | undefined
      const others = readKeys(map, beside, `a ${name} step`, to)
      return value === undefined || others === undefined ? undefined : make(value, others, base, to)
    },
  }
}
