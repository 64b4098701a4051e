// Rooms are folders of a floor. The linter lets nobody past a room's door (floors.test.ts); here they are held to one direction:
// doors alone would let two rooms lean on each other through different files.
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** Path below src and text of each file. */
type Files = Readonly<Record<string, string>>

/** `cli/views/lines.ts` is in `cli/views`; what stands beside the rooms of a floor is in none. */
const roomOf = (file: string): string | undefined => /^[^/]+\/[^/]+(?=\/)/.exec(file)?.[0]

/** Rooms that a room imports from, of its own floor. Types count. What is loaded on demand does not: that is how a program calls commands. */
function arrowsOf(files: Files): ReadonlyMap<string, ReadonlySet<string>> {
  const arrows = new Map<string, Set<string>>()
  for (const [file, text] of Object.entries(files)) {
    const room = roomOf(file)
    if (room === undefined) continue
    const to = arrows.get(room) ?? new Set()
    arrows.set(room, to)
    for (const [, path] of text.matchAll(/^(?:import|export|\}).* from '(\.[^']+)'/gm)) {
      const other = roomOf(normalize(join(dirname(file), path ?? '')))
      if (other !== undefined && other !== room && dirname(other) === dirname(room)) to.add(other)
    }
  }
  return arrows
}

/** A way that comes back to its first room; undefined when there is none. */
function circleIn(arrows: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] | undefined {
  const done = new Set<string>()
  function from(room: string, way: readonly string[]): readonly string[] | undefined {
    if (way.includes(room)) return [...way.slice(way.indexOf(room)), room]
    if (done.has(room)) return undefined
    for (const next of arrows.get(room) ?? []) {
      const circle = from(next, [...way, room])
      if (circle) return circle
    }
    done.add(room)
    return undefined
  }
  for (const room of arrows.keys()) {
    const circle = from(room, [])
    if (circle) return circle
  }
  return undefined
}

test('no room leans on one that leans on it', () => {
  const paths = globSync('**/*.ts', { cwd: join(root, 'src') })
  const arrows = arrowsOf(Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, 'src', path), 'utf8')])))
  expect(arrows.size).toBeGreaterThan(20)
  expect(circleIn(arrows)).toBeUndefined()
})

const foldersIn = (path: string): readonly string[] =>
  readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))

test('the map of the code names every folder and every room, and no other', () => {
  const rows = readFileSync(join(root, 'docs/code-map.md'), 'utf8').matchAll(/^\| \d+ \| `(src\/\w+)` \|.*\|([^|]*)\|$/gm)
  const told = Object.fromEntries(
    [...rows].map(([, folder = '', rooms = '']) => [folder, rooms.match(/(?<=`)[\w-]+(?=`)/g) ?? []]),
  )
  const there = Object.fromEntries(foldersIn('src').map((name) => [`src/${name}`, foldersIn(`src/${name}`)]))
  const sorted = (map: Readonly<Record<string, readonly string[]>>) =>
    Object.fromEntries(Object.entries(map).map(([folder, rooms]) => [folder, rooms.toSorted()]))
  expect(sorted(told)).toEqual(sorted(there))
})

test('an arrow back is found, also one that no import cycle shows', () => {
  const files: Files = {
    'cli/runs/index.ts': "export { conduct } from './conduct.ts'\n",
    'cli/runs/conduct.ts': "import {\n  type Hook,\n} from '../alerts/index.ts'\n",
    'cli/runs/app.ts': '',
    'cli/alerts/index.ts': "export type { Hook } from './hooks.ts'\n",
    'cli/alerts/hooks.ts': "import type { Config } from '../config/index.ts'\nimport { look } from '../app.ts'\n",
    'cli/config/index.ts': "import type { App } from '../runs/app.ts'\n",
    'vault/config/index.ts': "import { held } from '../../cli/runs/index.ts'\n",
  }
  expect(circleIn(arrowsOf(files))).toEqual(['cli/runs', 'cli/alerts', 'cli/config', 'cli/runs'])
  expect(circleIn(arrowsOf({ ...files, 'cli/config/index.ts': '' }))).toBeUndefined()
})
