// The runbooks that ship, as processes to be killed perform them. What has to be there before is derived from what they ask for.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseRunbook, resolveUses } from '../../../src/language/index.ts'
import { loadPack } from '../../../src/packs/index.ts'
import { platforms } from '../../../src/platforms/index.ts'
import type { Scene } from '../../../src/rehearse/index.ts'
import { fillDefaults, type JsonObject } from '../../../src/values/index.ts'

const root = join(import.meta.dirname, '../../../runbooks')

const packs = (
  await Promise.all(
    globSync('*/pack.yaml', { cwd: root }).map(async (file) => {
      const { pack, sources } = await loadPack(join(root, file, '..'))
      return pack ? [{ pack, sources }] : []
    }),
  )
).flat()
const packsByName = Object.fromEntries(packs.map(({ pack }) => [pack.name, pack]))

export interface Shipped extends Scene {
  /** `sangfor-scp/vm-backup`. */
  readonly name: string
  readonly required: readonly string[]
  readonly outputs: readonly string[]
}

const scenes = globSync('*/*.runbook.yaml', { cwd: root }).toSorted().map(sceneOf)

/** Those for which all they reach has a stand-in, by name. */
export const shipped: ReadonlyMap<string, Shipped> = new Map(scenes.filter(isStoodInFor).map((scene) => [scene.name, scene]))

export const notStoodInFor: readonly string[] = scenes.filter((scene) => !isStoodInFor(scene)).map(({ name }) => name)

function isStoodInFor(scene: Shipped): boolean {
  return typesOf(scene).every((type) => platforms.some(({ pack, standIn }) => standIn && type.startsWith(`${pack}/`)))
}

function sceneOf(file: string): Shipped {
  const text = readFileSync(join(root, file), 'utf8')
  const { runbook, diagnostics } = parseRunbook(text, file)
  if (!runbook) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  const byAlias = resolveUses(runbook, packsByName)
  const schema = runbook.inputs ?? {}
  const required = (Array.isArray(schema.required) ? schema.required : []).map(String)
  return {
    name: file.replace('.runbook.yaml', ''),
    required,
    outputs: runbook.outputs.map((field) => field.name),
    start: {
      runbook,
      text,
      packs: packs.filter(({ pack }) => pack.name === 'core' || runbook.uses.some((use) => use.pack === pack.name)),
    },
    targets: Object.fromEntries(runbook.targets.map((each) => [each.name, `${byAlias[each.alias]}/${each.connection}`])),
    inputs: (known) => {
      const unknown = required.filter((input) => known[input] === undefined)
      if (unknown.length > 0) throw new Error(`nobody knows ${unknown.join(', ')} of ${file}`)
      return fillDefaults(schema, Object.fromEntries(required.map((input) => [input, known[input] ?? null]))).value as JsonObject
    },
  }
}

/**
 * What runs before, so that there is something to work on: a runbook of the same pack that outputs what nobody knows yet,
 * and what is switched off was switched on.
 */
export function earlierOf({ name, required }: Shipped, known: JsonObject): readonly Shipped[] {
  const pack = name.slice(0, name.indexOf('/'))
  const others = [...shipped.values()].filter((each) => each.name !== name && each.name.startsWith(`${pack}/`))
  const missing = required.filter((input) => known[input] === undefined)
  const makers = missing.flatMap((input) => shortest(others.filter(({ outputs }) => outputs.includes(input))))
  const switchedOn = name.endsWith('-disable') ? (shipped.get(name.replace(/-disable$/, '-enable')) ?? []) : []
  return [...new Set([...makers, switchedOn].flat())]
}

const shortest = (scenes: readonly Shipped[]): readonly Shipped[] =>
  scenes.toSorted((a, b) => a.name.length - b.name.length).slice(0, 1)

export function typesOf({ targets }: Scene): readonly string[] {
  return [...new Set(Object.values(targets))]
}
