// Many runbooks out of those that ship: the same steps under other ids, so that hardly an expression is seen twice.
import type { Random, Source } from '../mutate/corrupt.ts'

/** `count` runbooks in turn of each source. Every id of a step, wherever it is written, gets an ending of its own. */
export function varied(sources: readonly Source[], count: number, random: Random): readonly Source[] {
  return Array.from({ length: count }, (_, index) => {
    const { file, text } = sources[index % sources.length] ?? { file: '', text: '' }
    const ending = Math.floor(random() * 36 ** 4)
      .toString(36)
      .toUpperCase()
    return { file: `${index}-${file}`, text: withEnding(text, ending) }
  })
}

function withEnding(text: string, ending: string): string {
  const ids = [...text.matchAll(/\bid: ([a-z][A-Za-z0-9]*)/g)].map(([, id]) => id)
  const places = new RegExp(`(\\b(?:id: |owner: |end: |steps\\.))(${[...new Set(ids)].join('|')})\\b`, 'g')
  return text.replaceAll(places, `$1$2${ending}`)
}
