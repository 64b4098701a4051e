// How a scalar is written: as it was, only moved to where it stands now. Line breaks inside of it stay.
import type { CST, Scalar, ScalarTag } from 'yaml'

export type PlacedScalar = Scalar & {
  /** An expression may stand here, so the space inside of `${ … }` is nobody's text. */
  takesExpression?: boolean
}

export type Print = NonNullable<ScalarTag['stringify']>
type Context = Parameters<Print>[1]

/** The tag, printing what stood in the file; what did not stand there is printed as the library does. */
export const keepingSource = (tag: ScalarTag): ScalarTag => ({
  ...tag,
  stringify(scalar, context, onComment, onChompKeep) {
    const token = scalar.srcToken
    switch (token?.type) {
      case 'block-scalar':
        if (scalar.comment) onComment?.()
        if (headerOf(token).includes('+')) onChompKeep?.()
        return blockText(scalar, token, context)
      case 'scalar':
      case 'single-quoted-scalar':
      case 'double-quoted-scalar':
        return inlineText(scalar, token.source, context)
      default:
        return tag.stringify?.(scalar, context, onComment, onChompKeep) ?? scalar.source ?? String(scalar.value)
    }
  },
})

function inlineText(scalar: PlacedScalar, source: string, { indent }: Context): string {
  const [first = '', ...others] = source.split('\n')
  if (others.length === 0) return scalar.takesExpression ? spaced(source) : source
  // Space around a line break does not count, but for one that is escaped before it, in double quotes.
  const ended = (line: string): string => (source.startsWith('"') ? line : line.replace(/[ \t]+$/, ''))
  const moved = others.map((line) => line.replace(/^[ \t]+/, '')).map((line) => (line === '' ? '' : indent + ended(line)))
  return [ended(first), ...moved].join('\n')
}

/** `${a}` as `${ a }`, in quotes or without. */
function spaced(source: string): string {
  const [, quote = '', expression = ''] = /^(['"]?)[ \t]*\$\{(.*)\}[ \t]*\1$/.exec(source) ?? []
  return expression.trim() === '' ? source : `${quote}\${ ${expression.trim()} }${quote}`
}

const headerOf = ({ props }: CST.BlockScalar): string =>
  props.map((prop) => ('source' in prop ? prop.source : '')).find((source) => /^[|>]/.test(source)) ?? '|'

function blockText(scalar: Scalar, token: CST.BlockScalar, { indent, options }: Context): string {
  const header = headerOf(token)
  const [style = '|', chomp = ''] = [header[0], /[+-]/.exec(header)?.[0]]
  const lines = token.source.replace(/\n$/, '').split('\n')
  if (chomp !== '+') while (lines.length > 0 && /^ *$/.test(lines.at(-1) ?? '')) lines.pop()
  const stated = Number(/\d/.exec(header)?.[0] ?? 0)
  const first = lines.find((line) => /[^ ]/.test(line)) ?? ''
  const width = stated > 0 ? token.indent + stated : first.length - first.trimStart().length
  const body = lines.map((line) => line.slice(width)).map((line) => (line === '' ? '' : indent + line))
  // Without the number a reader takes the space before the first line for indentation.
  const number = stated > 0 && lines.some((line) => line.slice(width).startsWith(' ')) ? '2' : ''
  const comment = scalar.comment ? ` ${options.commentString(scalar.comment)}` : ''
  return [`${style}${number}${chomp}${comment}`, ...body].join('\n')
}
