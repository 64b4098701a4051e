export { branchesOf } from './branches.ts'
export { propertiesAfter, typeOfCut, variablesIn } from './cut.ts'
export { conditionsIn, type Facts, factsOfSource, narrowedWithin, withFacts, withoutName } from './facts.ts'
export { describe, mismatch } from './fit.ts'
export { fromSchema, fromValue } from './from-schema.ts'
export { type Inferred, inferSource } from './infer.ts'
export { functionTexts, typeText } from './print.ts'
export type { Finding } from './scope.ts'
export { elementsOf } from './sequence.ts'
export {
  holdsSecret,
  type Kind,
  kindsOf,
  listOf,
  mayBeAbsent,
  NEVER,
  type ObjectType,
  optional,
  ownProperty,
  present,
  record,
  TEXT,
  TRUTH,
  type Type,
  UNKNOWN,
  union,
  unionOf,
} from './type.ts'
