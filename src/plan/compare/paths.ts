// Which planned path a path goes by. Loop keys are percent-encoded, so a bracket always ends one.
// A plan writes [*] for an item that stands for all, and ‹where from› in a key that only a run can tell.

/** The planned path that this one is an instance of; undefined when nothing of the kind was planned. */
export type PlannedPath = (path: string) => string | undefined

const OPEN_KEY = /\[(?:\*|[^\]]*%E2%80%B9[^\]]*)\]/
const ANY_KEY = '\\[[^\\]]*\\]'

export function plannedPaths(paths: Iterable<string>): PlannedPath {
  const exact = new Set(paths)
  const open = [...exact].filter((path) => OPEN_KEY.test(path)).map((path) => ({ path, instances: patternOf(path) }))
  return (path) => (exact.has(path) ? path : open.find(({ instances }) => instances.test(path))?.path)
}

const patternOf = (path: string): RegExp => new RegExp(`^${path.split(new RegExp(OPEN_KEY, 'g')).map(literal).join(ANY_KEY)}$`)

/** Text as a pattern that matches just it. */
export const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
