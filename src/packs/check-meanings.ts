// Rules for `x-means`: only words that plans know.
import { isObject, type Json } from '../values/index.ts'
import type { Checked } from './checked.ts'
import * as codes from './codes.ts'
import { MEANINGS } from './meanings.ts'
import type { Path } from './place.ts'

export function checkMeanings(checked: Checked): void {
  for (const [name, { input, output }] of Object.entries(checked.raw.actions ?? {})) {
    checkWords(checked, input, ['actions', name, 'input'])
    checkWords(checked, output, ['actions', name, 'output'])
  }
}

function checkWords(checked: Checked, schema: Json, path: Path): void {
  if (Array.isArray(schema)) for (const [index, each] of schema.entries()) checkWords(checked, each, [...path, String(index)])
  if (!isObject(schema)) return
  for (const [key, value] of Object.entries(schema)) {
    const place = [...path, key]
    if (key !== 'x-means') checkWords(checked, value, place)
    else if (!MEANINGS.includes(String(value))) checked.report(codes.meaningUnknown(checked.at(place), String(value), MEANINGS))
  }
}
