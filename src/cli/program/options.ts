// Options that several commands take, and what the values of options may be: from text to what a command gets, or the reason why not.
import { InvalidArgumentError, Option } from 'commander'
import { parseDuration, parseSize } from '../../values/index.ts'

export const format = (first: string, ...others: string[]) =>
  new Option('--format <format>', 'how to print').choices([first, ...others]).default(first)
export const collect = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value]

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

/** In milliseconds. */
export function duration(text: string): number {
  const durationMs = parseDuration(text)
  if (durationMs === undefined) throw new InvalidArgumentError('It must be a duration such as 90s, 1h30m or 2d.')
  return durationMs
}

export function rate(text: string): number {
  const bytesPerSecond = parseSize(text.replace(/\/s$/, ''))
  if (!bytesPerSecond) throw new InvalidArgumentError('It must be a size such as 200MiB/s.')
  return bytesPerSecond
}

export function fromOne(text: string): number {
  if (wholeNumber(text) < 1) throw new InvalidArgumentError('It must be at least 1.')
  return Number(text)
}

export function portNumber(text: string): number {
  if (wholeNumber(text) > 65535) throw new InvalidArgumentError('It must be at most 65535.')
  return Number(text)
}

/** `5%` or `0.05`. */
export function share(text: string): number {
  const value = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text)
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('It must be a share such as 5%.')
  return value
}

export const input = () =>
  new Option('-i, --input <key=value>', 'an input; repeat for more').argParser(collect).default([], 'none')
export const inputsFile = () => new Option('-f, --inputs <file>', 'a YAML file with inputs; -i wins over it')
export const target = () =>
  new Option(
    '--target <name=target>',
    'bind a target of the runbook to one of the configuration (default: the one of the same name)',
  )
    .argParser(collect)
    .default([], 'none')
