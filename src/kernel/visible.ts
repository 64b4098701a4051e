// What an expression in a block can see, and how a call's input is put together by name.
import type { Failure } from '../packs/index.ts'
import { isObject, type Json, type JsonObject } from '../values/index.ts'
import type { Handle, Obligation, Path } from './model.ts'
import { actionNamed, type Program } from './program.ts'
import { type BlockFrame, blockFrame, type RunState } from './state.ts'

/** The block around, as far as one can see: a called runbook sees nothing of its caller. */
const around = (state: RunState, { parent, called }: BlockFrame): BlockFrame | undefined =>
  called || parent === undefined ? undefined : blockFrame(state, parent)

/** Roots of every expression in the block: the results of earlier steps here and in enclosing blocks, and the block's variables. */
export function rootsOf(state: RunState, block: BlockFrame): JsonObject {
  const outward: BlockFrame[] = []
  for (let at: BlockFrame | undefined = block; at; at = around(state, at)) outward.push(at)
  const { inputs, targets } = outward.at(-1)?.called ?? state
  const steps: Record<string, Json> = {}
  const variables: Record<string, Json> = {}
  for (const frame of outward.reverse()) {
    Object.assign(steps, frame.outputs)
    Object.assign(variables, frame.variables)
  }
  const run = { id: state.run.id, startedAt: new Date(state.run.startedAt).toISOString() }
  return { inputs, targets, run, ...variables, steps }
}

/** A failure as the `error` root and a loop's `failed` list show it. */
export function failureAsJson({ type, message, path, detail }: Failure): JsonObject {
  return { type, message, ...(path === undefined ? {} : { path }), ...(detail === undefined ? {} : { detail }) }
}

export const failure = (type: string, message: string, more: Partial<Failure> = {}): Failure => ({
  type,
  message,
  retryable: false,
  applied: 'no',
  ...more,
})

const propertiesOf = (program: Program, action: string): readonly (readonly [string, Json])[] => {
  const { properties } = actionNamed(program, action).input
  return isObject(properties) ? Object.entries(properties) : []
}

/** Input of a find, probe, renew or release: each property by name, from the handle, else from the acquiring call. */
export function inputByName(
  program: Program,
  action: string,
  obligation: Pick<Obligation, 'input' | 'identity' | 'handle'>,
  more: JsonObject = {},
): JsonObject {
  const known: JsonObject = { ...obligation.input, ...obligation.identity, ...obligation.handle, ...more }
  const input: Record<string, Json> = {}
  for (const [name] of propertiesOf(program, action)) {
    const value = known[name]
    if (value !== undefined) input[name] = value
  }
  return input
}

const isHandle = (value: unknown): value is Handle =>
  isObject(value) && typeof value.resource === 'string' && typeof value.obligation === 'string'

/** The handles in an input: only slots marked `x-resource` can hold one. */
export function handlesIn(program: Program, action: string, input: JsonObject): readonly Handle[] {
  return propertiesOf(program, action).flatMap(([name, schema]) => {
    if (!isObject(schema) || schema['x-resource'] === undefined) return []
    const value = input[name]
    return isHandle(value) ? [value] : []
  })
}

/** Whether one of these obligations is that one or was acquired from it. */
export function dependsOn(state: RunState, uses: readonly Path[], target: Path): boolean {
  return uses.some((use) => use === target || dependsOn(state, state.obligations[use]?.parents ?? [], target))
}

/** A value where people read it. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : isObject(value) || Array.isArray(value) ? JSON.stringify(value) : String(value)
