// The singletons of a server, such as its search index. Their ids differ between vCenter Server and ESXi, so calls name them by the field
// of ServiceContent, and the id is put in before a call leaves.
import type { HttpRequest } from '../../http/index.ts'
import { isObject, type Json } from '../../values/index.ts'

export interface Singleton {
  readonly type: string
  readonly id: string
}

/** By field of ServiceContent; the managers below them by their own property's name, such as `guestProcessManager`. */
export type ServiceContent = Readonly<Record<string, Singleton>>

/** The release that calls name; a server understands this one and later ones. */
export const API = '/sdk/vim25/8.0.1.0'

const ADDRESS = /\/sdk\/vim25\/[^/]+\/(?<type>[^/]+)\/(?<id>[^/]+)\/(?<member>[^/]+)$/

/** Type, object and method or property that a path of the VI JSON binding names. */
export function addressedIn(path: string): { readonly type: string; readonly id: string; readonly member: string } {
  const { type = '', id = '', member = '' } = ADDRESS.exec(path)?.groups ?? {}
  return { type, id: decodeURIComponent(id), member }
}

/** The references of an answer. */
export function singletonsIn(value: Json): ServiceContent {
  if (!isObject(value)) return {}
  const found = Object.entries(value).flatMap(([name, field]): [string, Singleton][] => {
    const singleton = singletonOf(field)
    return singleton ? [[name, singleton]] : []
  })
  return Object.fromEntries(found)
}

export const singletonOf = (value: Json | undefined): Singleton | undefined =>
  isObject(value) && typeof value.type === 'string' && typeof value.value === 'string'
    ? { type: value.type, id: value.value }
    : undefined

/** The request with the true id in its path, where it names a singleton. */
export function withSingleton(request: HttpRequest, content: ServiceContent): HttpRequest {
  const { id, member } = addressedIn(request.path)
  const singleton = Object.hasOwn(content, id) ? content[id] : undefined
  if (!singleton) return request
  const before = request.path.slice(0, -`/${id}/${member}`.length)
  return { ...request, path: `${before}/${encodeURIComponent(singleton.id)}/${member}` }
}
