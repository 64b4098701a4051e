// Regular expressions cannot be interrupted, so those that backtrack exponentially are refused before they run.

/** Whether a group that repeats holds something that repeats: `(a+)+`. Bounded repetitions such as `{2}` count as none. */
export function repeatsInRepetition(source: string): boolean {
  const groups: { repeats: boolean }[] = [{ repeats: false }]
  const withoutClasses = source.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x')
  for (const [token] of withoutClasses.matchAll(/\)?(?:[*+]|\{\d+,\d*\})|\(|\)/g)) {
    const current = groups.at(-1)
    if (token === '(') groups.push({ repeats: false })
    else if (token.startsWith(')')) {
      const closed = groups.length > 1 ? groups.pop() : undefined
      const repeated = token.length > 1
      if (repeated && closed?.repeats) return true
      const outer = groups.at(-1)
      if (outer && (repeated || closed?.repeats)) outer.repeats = true
    } else if (current) current.repeats = true
  }
  return false
}
