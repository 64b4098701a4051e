// What an API operation is on the simulated platform: a change of the world and an answer. HTTP, logins and envelopes are not known here.
import type { JsonObject } from '../../../values/index.ts'
import type { Vm, World } from './model.ts'
import { startTask } from './tasks.ts'
import { vmOf } from './vms.ts'

/** Already validated against the operation's schema. */
export interface OperationCall {
  readonly operationId: string
  readonly path: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly body: JsonObject
  /** Of a body that is no JSON. */
  readonly bytes: Buffer
}

/** `data` of the envelope; a page is cut from `items` by the caller. No data: an answer without a body. */
export type OperationAnswer =
  | { readonly status: 200 | 201; readonly data: JsonObject | readonly JsonObject[] }
  | { readonly status: 200; readonly items: readonly JsonObject[] }
  | { readonly status: 200; readonly bytes: Buffer }
  | { readonly status: 204 }

/** By operationId. */
export type Operations = Readonly<Record<string, (world: World, call: OperationCall) => OperationAnswer>>

export const ok = (data: JsonObject | readonly JsonObject[]): OperationAnswer => ({ status: 200, data })
export const created = (data: JsonObject): OperationAnswer => ({ status: 201, data })
export const pages = (items: readonly JsonObject[]): OperationAnswer => ({ status: 200, items })

export const listOf = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(','))
export const vmIn = (world: World, { path }: OperationCall): Vm => vmOf(world, path.server_id ?? '')

/** Starts a task whose end has this effect. */
export const task = (
  world: World,
  { operationId: operation }: OperationCall,
  action: string,
  objectId: string,
  effect: () => void,
) => ({
  task_id: startTask(world, { operation, action, objectId, effect }),
})
