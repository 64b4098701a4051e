// Values in brackets, `{ key: value }` and `[item]`, up to the cursor. They stand on few lines, so a small reader is enough.

export type FlowPart =
  | { readonly kind: 'key'; readonly key: string; readonly offset: number }
  | { readonly kind: 'item'; readonly offset: number }

export interface Flow {
  readonly parts: readonly FlowPart[]
  readonly role: 'key' | 'value'
  /** Where the word or value begins that the cursor stands in. */
  readonly start: number
  /** Keys of the same map before the cursor. */
  readonly siblings: readonly string[]
}

interface Level {
  readonly map: boolean
  readonly keys: string[]
  key?: { readonly key: string; readonly offset: number }
  /** Behind the last bracket, comma or colon. */
  start: number
}

const TOKEN = /"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|["'][\s\S]*$|[{}[\],]|:(?=\s|$)/g

/** `before`: the value from its first character, at offset `from`, up to the cursor. */
export function flowAt(before: string, from: number): Flow {
  const levels: Level[] = []
  if (/^\s*[[{]/.test(before)) {
    for (const { 0: token, index } of before.matchAll(TOKEN)) step(levels, token, index, before)
  }
  const level = levels.at(-1)
  if (!level) return { parts: [], role: 'value', start: from, siblings: [] }
  const parts = levels.flatMap(({ map, key, start }): readonly FlowPart[] =>
    map ? (key ? [{ kind: 'key', key: key.key, offset: from + key.offset }] : []) : [{ kind: 'item', offset: from + start }],
  )
  const start = level.start + (/^\s*/.exec(before.slice(level.start))?.[0].length ?? 0)
  return { parts, role: level.map && !level.key ? 'key' : 'value', start: from + start, siblings: level.keys }
}

function step(levels: Level[], token: string, index: number, text: string): void {
  const level = levels.at(-1)
  switch (token) {
    case '{':
    case '[':
      levels.push({ map: token === '{', keys: [], start: index + 1 })
      return
    case '}':
    case ']':
      levels.pop()
      return
    case ',':
      if (!level) return
      if (level.key) level.keys.push(level.key.key)
      delete level.key
      level.start = index + 1
      return
    case ':': {
      if (!level?.map || level.key) return
      const key = text.slice(level.start, index).trim()
      level.key = { key: key.replace(/^(["'])(.*)\1$/, '$2'), offset: level.start }
      level.start = index + 1
    }
  }
}
