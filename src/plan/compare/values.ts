// How two planned values differ, place by place.
import { isObject, isUnknown, type Json, type JsonObject } from '../../values/index.ts'
import { literal } from './paths.ts'

export interface Difference {
  /** `input.disks[0].disk` */
  readonly where: string
  readonly was?: Json
  readonly is?: Json
}

/** Whether the second value may stand where the first does; asked for whole values and for their parts. */
export type Agree = (was: Json | undefined, is: Json | undefined) => boolean

/** The parts that do not agree; lists of different lengths are told as a whole. */
export function differences(was: Json | undefined, is: Json | undefined, where: string, agree: Agree): readonly Difference[] {
  if (agree(was, is)) return []
  if (isOpenable(was) && isOpenable(is)) {
    const names = [...new Set([...Object.keys(was), ...Object.keys(is)])]
    return names.flatMap((name) => differences(was[name], is[name], where === '' ? name : `${where}.${name}`, agree))
  }
  if (Array.isArray(was) && Array.isArray(is) && was.length === is.length)
    return was.flatMap((each, index) => differences(each, is[index], `${where}[${index}]`, agree))
  return [{ where, ...(was === undefined ? {} : { was }), ...(is === undefined ? {} : { is }) }]
}

const isOpenable = (value: Json | undefined): value is JsonObject =>
  isObject(value) && !isUnknown(value) && value.$secret === undefined

export const equal: Agree = (was, is) => canonical(was) === canonical(is)

/** What the plan left open may be anything; everything else must be as it was planned. */
export const fits: Agree = (was, is) => {
  if (was === undefined || is === undefined) return was === is || isUnknown(was)
  if (isUnknown(was)) return true
  if (typeof was === 'string') return typeof is === 'string' && fitsText(was, is)
  if (Array.isArray(was))
    return Array.isArray(is) && was.length === is.length && was.every((each, index) => fits(each, is[index]))
  if (!isObject(was)) return was === is
  if (!isObject(is)) return false
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].every((name) => fits(was[name], is[name]))
}

const LEFT_OPEN = /‹[^›]*›|(?<=\[)\*(?=\])/

/** `holdfast-‹run›` fits `holdfast-` and whatever follows, and `vms[*]` any item of `vms`. */
function fitsText(was: string, is: string): boolean {
  if (was === is) return true
  if (!LEFT_OPEN.test(was)) return false
  const parts = was.split(new RegExp(LEFT_OPEN, 'g')).map(literal)
  return new RegExp(`^${parts.join('.*')}$`, 's').test(is)
}

/** The same text for equal values, whatever the order of their keys. */
export function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value) ?? ''
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return `{${entries
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`)
    .join(',')}}`
}
