export { expressionDiagnostics } from './diagnose.ts'
export { ExpressionFailed, evaluateTemplate, type Roots } from './evaluate.ts'
export { purePathNames, type Reference, references } from './references.ts'
export { resultType } from './result-type.ts'
