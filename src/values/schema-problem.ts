// What is wrong with a value, as its schema sees it.
import type { Json } from './json.ts'

/** One way in which a value misses its schema. `path` leads to the place; `property` is the key that is missing or too much. */
export interface SchemaProblem {
  readonly path: readonly string[]
  readonly keyword: string
  readonly message: string
  readonly property?: string
  readonly allowed?: readonly Json[]
  /** Of a minimum, maximum, length or count. */
  readonly limit?: number
  /** Of an unknown property: those that its object knows. */
  readonly known?: readonly string[]
}
