// Which paths are meant by those that a person wrote: each as it stands or as a pattern, with all that is below. Pure.
// `*` and `?` stand for any characters and any one in a name, `[a-c]` for one of these, `[!a-c]` for any other; `**` for any number of folders.

/** `on the way`: a folder in which something that is meant may lie. */
export type Meant = 'yes' | 'on the way' | 'no'

/** Slashes at the ends do not count. What leads upwards means nothing. */
export function selectPaths(written: string): (path: string) => Meant {
  const pattern = namesIn(written).filter((name, i, all) => name !== ANY_FOLDERS || all[i - 1] !== ANY_FOLDERS)
  const tests = pattern.map(nameTest)
  return (path) => meantFrom(pattern, tests, namesIn(path), 0, 0)
}

/** Whether a path may stand for several. */
export const isPattern = (written: string): boolean => /[*?[]/.test(written)

const ANY_FOLDERS = '**'

const namesIn = (path: string): readonly string[] => path.split('/').filter((name) => name !== '' && name !== '.')

function meantFrom(
  pattern: readonly string[],
  tests: readonly ((name: string) => boolean)[],
  names: readonly string[],
  p: number,
  n: number,
): Meant {
  if (p === pattern.length) return 'yes'
  const name = names[n]
  if (name === undefined) return 'on the way'
  if (pattern[p] === ANY_FOLDERS) {
    const without = meantFrom(pattern, tests, names, p + 1, n)
    return without === 'yes' ? without : better(without, meantFrom(pattern, tests, names, p, n + 1))
  }
  return tests[p]?.(name) ? meantFrom(pattern, tests, names, p + 1, n + 1) : 'no'
}

const better = (one: Meant, other: Meant): Meant => (one === 'no' ? other : other === 'yes' ? other : one)

/** One character of a name; undefined for any number of any. */
type Place = ((char: string) => boolean) | undefined

function nameTest(pattern: string): (name: string) => boolean {
  if (!isPattern(pattern)) return (name) => name === pattern
  const places = placesOf(pattern)
  return (name) => name === pattern || fits([...name], places)
}

function placesOf(pattern: string): readonly Place[] {
  const pieces = pattern.match(/\*+|\?|\[!?\]?[^\]]*\]|./gsu) ?? []
  return pieces.map((piece): Place => {
    if (piece.startsWith('*')) return undefined
    if (piece === '?') return () => true
    if (piece.length > 2 && piece.startsWith('[') && piece.endsWith(']')) return oneOf(piece.slice(1, -1))
    return (char) => char === piece
  })
}

function oneOf(listed: string): (char: string) => boolean {
  const isNegated = listed.startsWith('!')
  const ranges = (isNegated ? listed.slice(1) : listed).match(/.-.|./gsu) ?? []
  return (char) => {
    const isIn = ranges.some((range) => {
      const [first = '', , last = first] = [...range]
      return first <= char && char <= last
    })
    return isIn !== isNegated
  }
}

/** By the last star alone: names come from disks that nobody vouches for, and must not cost time without bounds. */
function fits(name: readonly string[], places: readonly Place[]): boolean {
  let at = 0
  let place = 0
  let star: { readonly place: number; at: number } | undefined
  while (at < name.length) {
    const test = places[place]
    if (place < places.length && test === undefined) {
      star = { place, at }
      place += 1
    } else if (test?.(name[at] ?? '')) {
      at += 1
      place += 1
    } else if (star) {
      star.at += 1
      at = star.at
      place = star.place + 1
    } else return false
  }
  return places.slice(place).every((test) => test === undefined)
}
