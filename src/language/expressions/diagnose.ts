// What is wrong with an expression before it ever runs: syntax, refused functions, lambdas that can recurse.
import type { Diagnostic } from '../../diagnostics/index.ts'
import * as codes from '../codes/index.ts'
import type { ExpressionTemplate } from '../model.ts'
import { compile, REFUSED_FUNCTIONS, type SyntaxProblem } from './compile.ts'
import { repeatsInRepetition } from './regex.ts'
import { spanWithin } from './span-within.ts'
import { childrenOf, isTree, type Tree, treesIn } from './tree.ts'

export function expressionDiagnostics(template: ExpressionTemplate): readonly Diagnostic[] {
  if (template.source === '') return [codes.expressionEmpty(template.span)]
  const compilation = compile(template.source)
  if (!compilation.ok) return [syntaxDiagnostic(compilation.problem, template)]
  const { tree } = compilation.compiled
  // Most expressions hold nothing of the kind, and their text tells so.
  return [
    ...(REFUSED.test(template.source) ? refusedFunctions(tree, template) : []),
    ...(/function|λ/.test(template.source) ? recursiveLambdas(tree, template) : []),
    ...(template.source.includes('/') ? unsafeRegexes(tree, template) : []),
  ]
}

const REFUSED = new RegExp(`\\$(?:${Object.keys(REFUSED_FUNCTIONS).join('|')})`)

function syntaxDiagnostic(problem: SyntaxProblem, template: ExpressionTemplate): Diagnostic {
  const { source } = template
  if (problem.position === undefined) return codes.expressionSyntax(template.span, problem.message, undefined)
  const end = Math.min(Math.max(problem.position, 1), source.length)
  const start = Math.max(0, end - Math.max(1, problem.token === '(end)' ? 1 : problem.token.length))
  return codes.expressionSyntax(spanWithin(template, start, end), problem.message, operatorHint(source, start))
}

/** Operators that other languages have, found at or right before the offending token. */
const FOREIGN_OPERATORS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/===?/, 'Write = to compare.'],
  [/!==/, 'Write != to compare.'],
  [/&&/, 'Write and instead of &&.'],
  [/\|\|/, 'Write or instead of ||; ?? gives a default for what is absent.'],
  [/!(?!=)/, 'Write $not( … ) instead of !.'],
]

function operatorHint(source: string, start: number): string | undefined {
  const around = source.slice(Math.max(0, start - 2), start + 3)
  return FOREIGN_OPERATORS.find(([pattern]) => pattern.test(around))?.[1]
}

function unsafeRegexes(tree: Tree, template: ExpressionTemplate): readonly Diagnostic[] {
  const unsafe = tree.type === 'regex' && tree.value instanceof RegExp && repeatsInRepetition(tree.value.source)
  const end = tree.position ?? template.source.length
  const start = template.source.lastIndexOf('/', template.source.lastIndexOf('/', end - 1) - 1)
  return [
    ...(unsafe ? [codes.regexUnsafe(spanWithin(template, Math.max(0, start), end))] : []),
    ...childrenOf(tree).flatMap((child) => unsafeRegexes(child, template)),
  ]
}

function refusedFunctions(tree: Tree, template: ExpressionTemplate): readonly Diagnostic[] {
  return variablesIn(tree).flatMap((variable) => {
    const name = String(variable.value)
    const reason = Object.hasOwn(REFUSED_FUNCTIONS, name) ? REFUSED_FUNCTIONS[name] : undefined
    return reason === undefined ? [] : [codes.functionRefused(spanOfVariable(variable, template), name, reason)]
  })
}

function variablesIn(tree: Tree): readonly Tree[] {
  return [...(tree.type === 'variable' ? [tree] : []), ...childrenOf(tree).flatMap(variablesIn)]
}

function spanOfVariable(variable: Tree, template: ExpressionTemplate) {
  const end = variable.position ?? template.source.length
  return spanWithin(template, Math.max(0, end - String(variable.value).length - 1), end)
}

/**
 * A lambda can recurse when it mentions the variable it is bound to or one bound later, or calls what it was passed.
 * The evaluation's bounds catch what this does not see.
 */
function recursiveLambdas(tree: Tree, template: ExpressionTemplate): readonly Diagnostic[] {
  const own = tree.type === 'block' ? inBlock(treesIn(tree.expressions), template) : []
  const called = tree.type === 'lambda' ? callsOfParameters(tree, template) : []
  return [...own, ...called, ...childrenOf(tree).flatMap((child) => recursiveLambdas(child, template))]
}

function inBlock(expressions: readonly Tree[], template: ExpressionTemplate): readonly Diagnostic[] {
  const names = expressions.map((each) => (each.type === 'bind' && isTree(each.lhs) ? String(each.lhs.value) : undefined))
  return expressions.flatMap((expression, index) => {
    const notYetBound = new Set(names.slice(index).filter((name) => name !== undefined))
    return lambdasIn(expression)
      .flatMap((lambda) => variablesIn(lambda).filter((variable) => !parametersOf(lambda).includes(variable)))
      .filter((variable) => notYetBound.has(String(variable.value)))
      .map((variable) => codes.lambdaRecursive(spanOfVariable(variable, template), String(variable.value)))
  })
}

const lambdasIn = (tree: Tree): readonly Tree[] =>
  tree.type === 'lambda' && !tree.thunk ? [tree] : childrenOf(tree).flatMap(lambdasIn)

const parametersOf = (lambda: Tree): readonly Tree[] => (lambda.thunk ? [] : treesIn(lambda.arguments))

function callsOfParameters(lambda: Tree, template: ExpressionTemplate): readonly Diagnostic[] {
  const names = new Set(parametersOf(lambda).map((parameter) => String(parameter.value)))
  const calls = (tree: Tree): readonly Tree[] => [
    ...(tree.type === 'function' && isTree(tree.procedure) && tree.procedure.type === 'variable' ? [tree.procedure] : []),
    ...childrenOf(tree).flatMap(calls),
  ]
  return (isTree(lambda.body) ? calls(lambda.body) : [])
    .filter((called) => names.has(String(called.value)))
    .map((called) => codes.lambdaRecursive(spanOfVariable(called, template), String(called.value)))
}
