// The walk through the inventory that RetrieveProperties asks for: from one object along the paths that its selection names.
import { isObject, type Json, type JsonObject } from '../../../values/index.ts'
import { reference, VimFault, type World } from './model.ts'
import { PLACE } from './place.ts'

interface Node {
  readonly type: string
  readonly value: string
}

/** ObjectContent of all that the walk comes to and that properties are asked of. */
export function retrieveProperties(world: World, specSet: Json | undefined): JsonObject[] {
  return listed(specSet).flatMap((spec) => {
    const wanted = new Map(listed(spec.propSet).map(({ type, pathSet }) => [String(type), [pathSet ?? []].flat().map(String)]))
    return listed(spec.objectSet).flatMap((object) =>
      reachedFrom(world, object).flatMap((node) => {
        const properties = wanted.get(node.type)
        return properties ? [contentOf(world, node, properties)] : []
      }),
    )
  })
}

/** Over SOAP a list of one is no list. */
const listed = (value: Json | undefined): readonly JsonObject[] => [value ?? []].flat().filter(isObject)

function reachedFrom(world: World, { obj, selectSet }: JsonObject): readonly Node[] {
  const start = isObject(obj) ? { type: String(obj.type), value: String(obj.value) } : undefined
  if (!start || (start.type === 'Folder' && childrenOf(world, start, 'childEntity').length === 0))
    throw new VimFault('ManagedObjectNotFound', 'The object has already been deleted or has not been completely created')
  const steps = listed(selectSet)
  const reached = new Map([[start.value, start]])
  const visit = (from: Node, selected: readonly JsonObject[]): void => {
    for (const step of selected.map((each) => (each.path === undefined ? steps.find(({ name }) => name === each.name) : each))) {
      if (step?.type !== from.type) continue
      for (const child of childrenOf(world, from, String(step.path))) {
        if (reached.has(child.value)) continue
        reached.set(child.value, child)
        visit(child, listed(step.selectSet))
      }
    }
  }
  visit(start, steps)
  return [...reached.values()]
}

export const ROOT = reference('Folder', 'group-d1')
const DATACENTER = reference('Datacenter', 'datacenter-2')

function childrenOf({ vms }: World, { type, value }: Node, path: string): readonly Node[] {
  if (type === 'Datacenter' && path === 'vmFolder') return [{ type: 'Folder', value: PLACE.folderId }]
  if (type !== 'Folder' || path !== 'childEntity') return []
  if (value === ROOT.value) return [{ type: 'Datacenter', value: String(DATACENTER.value) }]
  return [...vms.values()].filter(({ folderId }) => folderId === value).map(({ id }) => ({ type: 'VirtualMachine', value: id }))
}

function contentOf({ vms }: World, { type, value }: Node, properties: readonly string[]): JsonObject {
  const vm = vms.get(value)
  const known: Readonly<Record<string, Json>> = vm
    ? { name: { _typeName: 'string', _value: vm.name }, parent: reference('Folder', vm.folderId) }
    : {}
  return {
    _typeName: 'ObjectContent',
    obj: reference(type, value),
    propSet: properties.flatMap((name) => {
      const val = known[name]
      return val === undefined ? [] : [{ _typeName: 'DynamicProperty', name, val }]
    }),
  }
}
