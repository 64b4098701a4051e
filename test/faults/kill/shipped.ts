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

export const shipped: readonly Shipped[] = globSync('*/*.runbook.yaml', { cwd: root }).toSorted().map(sceneOf)

export interface Performable {
  readonly scenes: Some<Shipped>
  /** Those that cannot be performed here, and why; a line each. */
  readonly others: readonly string[]
}

/** Looks whether all that a runbook reaches has a stand-in, and whether somebody knows what it asks for. */
export async function performable(): Promise<Performable> {
  await using opened = new AsyncDisposableStack()
  const known: Record<string, JsonObject> = {}
  for (const { pack, standIn } of platforms) {
    const start = await standIn?.()
    if (start) known[pack] = opened.use(await start({ seed: pack, startAtMs: 0, cutPower: () => {} })).known
  }
  const whyNot = (scene: Shipped): string | undefined => {
    const reached = typesOf(scene, ...earlierOf(scene, {})).map(packOf)
    const missing = reached.filter((pack) => !known[pack])
    if (missing.length > 0) return `nothing stands in for ${missing.join(', ')}`
    const all: JsonObject = Object.assign({}, ...reached.map((pack) => known[pack]))
    const outputs = earlierOf(scene, all).flatMap((earlier) => earlier.outputs)
    const unknown = scene.required.filter((input) => all[input] === undefined && !outputs.includes(input))
    return unknown.length > 0 ? `nobody knows ${unknown.join(', ')}` : undefined
  }
  return {
    scenes: some(shipped.filter((scene) => whyNot(scene) === undefined)),
    others: shipped.flatMap((scene) => {
      const why = whyNot(scene)
      return why === undefined ? [] : [`${scene.name}: ${why}`]
    }),
  }
}

export const packOf = (name: string): string => name.slice(0, name.indexOf('/'))

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
 * What runs before, so that there is something to work on: of the runbooks of the same pack that output what nobody knows yet, the one whose
 * name is most like it; and what is switched off was switched on.
 */
export function earlierOf({ name, required }: Shipped, known: JsonObject): readonly Shipped[] {
  const others = shipped.filter((each) => each.name !== name && packOf(each.name) === packOf(name))
  const missing = required.filter((input) => known[input] === undefined)
  const makers = missing.flatMap((input) =>
    mostLike(
      name,
      others.filter(({ outputs }) => outputs.includes(input)),
    ),
  )
  const switchedOn = others.filter((each) => each.name === name.replace(/-disable$/, '-enable'))
  return [...new Set([...makers, ...switchedOn])]
}

/** None or one. */
function mostLike(name: string, those: readonly Shipped[]): readonly Shipped[] {
  const alike = (other: string): number => [...other].findIndex((letter, at) => letter !== name[at])
  return those.toSorted((a, b) => alike(b.name) - alike(a.name) || a.name.length - b.name.length).slice(0, 1)
}

/** Connection types. */
export function typesOf(...those: readonly Scene[]): readonly string[] {
  return [...new Set(those.flatMap(({ targets }) => Object.values(targets)))]
}

export type Some<T> = readonly [T, ...T[]]

export function some<T>(items: readonly T[]): Some<T> {
  const [first, ...others] = items
  if (first === undefined) throw new Error('there is none')
  return [first, ...others]
}
