// Durations and sizes as people write them, and as people read them. Numbers carry their unit in their name.

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g

/** JSON Schema pattern of a duration: `90s`, `1h30m`, `500ms`. */
export const DURATION_PATTERN = DURATION.source

/** `1h30m` → 5 400 000; undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) {
    totalMs += Number(amount) * (DURATION_UNITS_MS[unit ?? ''] ?? Number.NaN)
  }
  return totalMs
}

/** 5 400 000 → `1h30m`; the two largest units, so that a person can read it. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 999.5) return `${Math.round(durationMs)}ms`
  if (durationMs < 9950) return `${(durationMs / 1000).toFixed(1)}s`
  let rest = Math.round(durationMs / 1000) * 1000
  const parts: string[] = []
  for (const unit of ['d', 'h', 'm', 's']) {
    const sizeMs = DURATION_UNITS_MS[unit] ?? 1
    const count = Math.floor(rest / sizeMs)
    rest -= count * sizeMs
    if (count > 0) parts.push(`${count}${unit}`)
  }
  return parts.slice(0, 2).join('')
}

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const
const SIZE = /^(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|TiB|PiB)$/

/** `64MiB` → 67 108 864; undefined when the text is no size. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit] = SIZE.exec(text) ?? []
  if (amount === undefined) return undefined
  return Math.round(Number(amount) * 1024 ** SIZE_UNITS.indexOf(unit as (typeof SIZE_UNITS)[number]))
}

/** 67 108 864 → `64.0 MiB`. */
export function formatSize(sizeBytes: number): string {
  let value = sizeBytes
  let unit = 0
  // What would be rounded up to 1024.0 belongs to the next unit.
  while (value >= (unit === 0 ? 1024 : 1023.95) && unit < SIZE_UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${SIZE_UNITS[unit]}`
}

/** `1 file`, `2,000 files`. */
export const formatCount = (amount: number, one: string, many = `${one}s`): string =>
  `${amount.toLocaleString('en')} ${amount === 1 ? one : many}`

/** Seconds since the epoch in the form in which `node:fs` sets them on a file: a negative number it would take for now. */
export const fileTime = (seconds: number): number | string => (seconds < 0 ? String(seconds) : seconds)
