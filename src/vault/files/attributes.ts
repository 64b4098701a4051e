// Extended attributes, and with them access control lists and capabilities: Node has no calls for them, so getfattr and setfattr of the
// package attr read and write them, one process for the files of a folder. Names and paths are bytes, so text here is latin1.
import { spawn } from 'node:child_process'
import type { Attribute } from '../format/index.ts'

/** The program that would read or write them is not on this machine. */
export class AttributesUnknown extends Error {}

/** By `keyOf` its path. */
export interface ReadAttributes {
  /** Files that have none are not in it. */
  readonly found: ReadonlyMap<string, readonly Attribute[]>
  /** Why those of a file could not be read. */
  readonly failed: ReadonlyMap<string, string>
}

export const keyOf = (path: Buffer): string => path.toString('latin1')

/** As many paths as are given to one process. */
const BATCH = 4096
/** Of a process that xargs runs: some file failed. */
const SOME_FAILED = 123
const NOT_FOUND = 127

/** Of absolute paths, links themselves instead of what they point to. Throws `AttributesUnknown`, and where nothing could be read. */
export async function readAttributes(paths: readonly Buffer[], signal?: AbortSignal): Promise<ReadAttributes> {
  const found = new Map<string, readonly Attribute[]>()
  const failed = new Map<string, string>()
  for (let at = 0; at < paths.length; at += BATCH) {
    const batch = paths.slice(at, at + BATCH)
    const getfattr = ['getfattr', '--no-dereference', '--dump', '--match=-', '--encoding=base64', '--absolute-names', '--']
    const { exitCode, out, said } = await runProgram(
      'xargs',
      ['-0', ...getfattr],
      batch.map((path) => `${keyOf(path)}\0`).join(''),
      signal,
    )
    if (exitCode === NOT_FOUND) throw new AttributesUnknown('getfattr is missing: it comes with the package attr')
    if (exitCode !== 0 && exitCode !== SOME_FAILED) throw new Error(`getfattr: ${said.trim() || `exit code ${exitCode}`}`)
    for (const block of out.split('\n\n')) readBlock(block, found, failed)
    for (const [key, reason] of complaintsOf(said, batch)) if (!NONE.has(reason)) failed.set(key, reason)
  }
  return { found, failed }
}

export interface AttributesToWrite {
  readonly path: Buffer
  readonly attributes: readonly Attribute[]
}

/** Answers why those of a file could not be set, by `keyOf` its path. Throws `AttributesUnknown`. */
export async function writeAttributes(
  files: readonly AttributesToWrite[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const blocks = files.map(({ path, attributes }) => {
    const lines = attributes.map(({ name, value }) => `${quote(Buffer.from(name).toString('latin1'), /[\\\n\r=]/g)}=0s${value}\n`)
    return `# file: ${quote(keyOf(path), /[\\\n\r]/g)}\n${lines.join('')}\n`
  })
  const { exitCode, said } = await runProgram('setfattr', ['--no-dereference', '--restore=-'], blocks.join(''), signal)
  if (exitCode === NOT_FOUND) throw new AttributesUnknown('setfattr is missing: it comes with the package attr')
  const complaints = complaintsOf(
    said,
    files.map(({ path }) => path),
  )
  if (exitCode !== 0 && complaints.size === 0) throw new Error(`setfattr: ${said.trim() || `exit code ${exitCode}`}`)
  return complaints
}

/** What getfattr says of files that have none, or are gone: that is found out elsewhere. */
const NONE: ReadonlySet<string> = new Set(['Operation not supported', 'No such file or directory'])

const FILE = '# file: '

/** One file's lines: `name=0s` and base64. */
function readBlock(block: string, found: Map<string, readonly Attribute[]>, failed: Map<string, string>): void {
  const [head = '', ...lines] = block.trim().split('\n')
  if (!head.startsWith(FILE)) return
  const key = unquote(head.slice(FILE.length))
  const attributes: Attribute[] = []
  for (const line of lines) {
    const at = line.indexOf('=0s')
    const bytes = Buffer.from(unquote(at < 0 ? line : line.slice(0, at)), 'latin1')
    // The format has them as text.
    if (at < 0 || !Buffer.from(bytes.toString()).equals(bytes)) failed.set(key, `the name of ${bytes.toString()} is no UTF-8`)
    else attributes.push({ name: bytes.toString(), value: line.slice(at + 3) })
  }
  found.set(key, attributes)
}

/** `getfattr: path: reason`, an attribute's name between them where it is about one. A line about no path that was given counts for the first. */
function complaintsOf(said: string, paths: readonly Buffer[]): ReadonlyMap<string, string> {
  const complaints = new Map<string, string>()
  const keys = new Set(paths.map(keyOf))
  for (const [, text = ''] of said.matchAll(/^[gs]etfattr: (.*)$/gm)) {
    let end = text.length
    while (end > 0 && !keys.has(unquote(text.slice(0, end)))) end = text.lastIndexOf(': ', end - 1)
    const [first] = keys
    complaints.set(end > 0 ? unquote(text.slice(0, end)) : (first ?? ''), text.slice(text.lastIndexOf(': ') + 2))
  }
  return complaints
}

const quote = (text: string, special: RegExp): string =>
  text.replace(special, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)

const unquote = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

interface Ended {
  readonly exitCode: number
  readonly out: string
  readonly said: string
}

async function runProgram(program: string, args: readonly string[], input: string, signal?: AbortSignal): Promise<Ended> {
  const child = spawn(program, args, { env: { ...process.env, LC_ALL: 'C' }, ...(signal ? { signal } : {}) })
  const [out, said]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk))
  // One that ends early says why by its exit code.
  child.stdin.on('error', () => {})
  child.stdin.end(input, 'latin1')
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.on('error', reject)
  child.on('close', (code) => resolve(code ?? -1))
  const exitCode = await promise.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return NOT_FOUND
    throw error
  })
  return { exitCode, out: Buffer.concat(out).toString('latin1'), said: Buffer.concat(said).toString('latin1') }
}
