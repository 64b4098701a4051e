// How a Windows program takes its command line apart: as Microsoft documents it of the C runtime ("Parsing C command-line arguments").

export function splitCommandLine(line: string): readonly string[] {
  const args: string[] = []
  let at = 0
  // The name of the program is read by a simpler rule: a quotation mark at its start ends at the next.
  const isQuoted = line.startsWith('"')
  const end = isQuoted ? line.indexOf('"', 1) : line.search(/[ \t]|$/)
  args.push(line.slice(isQuoted ? 1 : 0, end < 0 ? undefined : end))
  at = end < 0 ? line.length : end + (isQuoted ? 1 : 0)
  for (;;) {
    while (line[at] === ' ' || line[at] === '\t') at += 1
    if (at >= line.length) return args
    const [text, next] = argumentAt(line, at)
    args.push(text)
    at = next
  }
}

function argumentAt(line: string, start: number): readonly [string, number] {
  let text = ''
  let at = start
  let inQuotes = false
  for (; at < line.length; ) {
    const character = line[at] ?? ''
    if (!inQuotes && (character === ' ' || character === '\t')) break
    const backslashes = /^\\*/.exec(line.slice(at))?.[0].length ?? 0
    if (line[at + backslashes] === '"') {
      text += '\\'.repeat(Math.floor(backslashes / 2))
      at += backslashes
      if (backslashes % 2 === 1) text += '"'
      else if (inQuotes && line[at + 1] === '"') {
        text += '"'
        at += 1
      } else inQuotes = !inQuotes
      at += 1
    } else if (backslashes > 0) {
      text += '\\'.repeat(backslashes)
      at += backslashes
    } else {
      text += character
      at += 1
    }
  }
  return [text, at]
}
