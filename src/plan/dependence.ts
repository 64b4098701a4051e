// What a call of a plan depends on: values that only a run can tell, and things that only a run will have made.
import { isObject, isUnknown, type Json } from '../values/index.ts'

/** Stands for the run's id in names that contain it. */
export const RUN_MARK = '‹run›'

/** Whether a value is or holds what exists only once a run is under way: an unknown, its id, or a resource that it holds. */
export function dependsOnRun(value: Json): boolean {
  if (typeof value === 'string') return value.includes(RUN_MARK)
  if (Array.isArray(value)) return value.some(dependsOnRun)
  if (!isObject(value)) return false
  return isUnknown(value) || isHandle(value) || Object.values(value).some(dependsOnRun)
}

const isHandle = (value: Json): boolean =>
  isObject(value) && typeof value.resource === 'string' && typeof value.obligation === 'string'
