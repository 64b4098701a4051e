// Unknown values in the runbook's own words: what stands in the expression that asks for them, not where the kernel keeps them.
import type { Template } from '../language/index.ts'
import { holdsUnknown, isObject, isUnknown, type Json, unknown } from '../values/index.ts'

/** The value of a template, its unknown parts named as the template names them. */
export function inWords(template: Template, value: Json): Json {
  if (!holdsUnknown(value)) return value
  switch (template.kind) {
    case 'literal':
      return value
    case 'expression':
      return named(value, template.source.replaceAll(/\s+/g, ' ').trim())
    case 'list':
      return Array.isArray(value) ? value.map((item: Json, index) => inItem(template.items[index], item)) : value
    case 'map':
      return isObject(value) ? fields(value, (name) => template.entries.find((entry) => entry.name === name)?.value) : value
  }
}

const inItem = (template: Template | undefined, value: Json): Json => (template ? inWords(template, value) : value)

const fields = (value: Json, templateOf: (name: string) => Template | undefined): Json =>
  Object.fromEntries(Object.entries(value ?? {}).map(([name, field]) => [name, inItem(templateOf(name), field as Json)]))

function named(value: Json, source: string): Json {
  if (isUnknown(value)) return unknown(source)
  if (Array.isArray(value)) return value.map((item: Json, index) => named(item, `${source}[${index}]`))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, named(field, `${source}.${name}`)]))
}

/** `"scp-vm/" & vm.serverId` → `scp-vm/‹vm.serverId›`, for a name of which a part is unknown. */
export function nameInWords(template: Template): string {
  if (template.kind !== 'expression') return '‹›'
  const source = template.source.trim()
  const parts = source.split(/\s*&\s*/)
  if (!parts.every((part) => /^(?:"[^"]*"|[\w.]+)$/.test(part))) return `‹${source}›`
  return parts.map((part) => (part.startsWith('"') ? part.slice(1, -1) : `‹${part}›`)).join('')
}
