// Plays a session: a text with commands after `$ `, each followed by what it prints. What else such a text may do is in PROGRAMS.
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { runCli } from '../../src/cli/index.ts'
import { createTestHost } from '../cli/test-host.ts'

/** What stands elsewhere on the machine of the session. */
const ELSEWHERE: readonly (readonly [string, string])[] = [
  ['/srv/backups', join(import.meta.dirname, '../vault/base-vault')],
  ['/srv/newer/config', join(import.meta.dirname, 'vaults/version-newer/files/config')],
  ['/srv/damaged', join(import.meta.dirname, 'vaults/snapshot-pointing-nowhere/files')],
]
const real = (path: string): string => ELSEWHERE.reduce((text, [named, stands]) => text.replace(named, stands), path)
const named = (text: string): string => ELSEWHERE.reduce((all, [name, stands]) => all.replaceAll(stands, name), text)

/** Paths are relative to the session's folder. */
const PROGRAMS: Readonly<Record<string, (folder: string, ...args: string[]) => void>> = {
  cp: (folder, ...args) => {
    const [from = '', to = ''] = args.filter((arg) => arg !== '-r')
    cpSync(resolve(folder, from), join(folder, to), { recursive: true })
  },
  mkdir: (folder, name = '') => mkdirSync(join(folder, name)),
  rm: (folder, ...args) => rmSync(join(folder, args.at(-1) ?? ''), { recursive: true }),
  /** Cuts a file off. */
  truncate: (folder, _size = '--size', bytes = '0', name = '') => truncateSync(join(folder, name), Number(bytes)),
  /** Puts one word in place of another in a file, as `sed --in-place s/a/b/ file` does. */
  sed: (folder, _inPlace = '', change = '', name = '') => {
    const [, from = '', to = ''] = change.split('/')
    const file = join(folder, name)
    writeFileSync(file, readFileSync(file, 'utf8').replace(from, to))
  },
}

/** The session as it really goes, in a copy of the folder, or in an empty one where there is none. */
export async function play(session: string, files: string): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-session-')))
  try {
    if (existsSync(files)) cpSync(files, folder, { recursive: true })
    const parts: string[] = []
    for (const line of session.split('\n').filter((each) => each.startsWith('$ '))) {
      parts.push(`${line}\n${(await perform(folder, line.slice(2)))}`)
    }
    return named(parts.join('')).replaceAll(`${folder}/`, '').replaceAll(folder, '.')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The first run of a session is …01, and so on. */
function newRunId(folder: string): string {
  const counter = join(folder, '.runs')
  appendFileSync(counter, '.')
  return `261121-093012-4f2a${String(readFileSync(counter).length).padStart(2, '0')}`
}

/** A person presses Ctrl-C as soon as it listens for that. */
function interruptAtOnce(listener: () => void): () => void {
  queueMicrotask(listener)
  return () => undefined
}

async function perform(folder: string, line: string): Promise<string> {
  const silent = line.endsWith(' > /dev/null')
  const words = [...line.replace(/ > \/dev\/null$/, '').matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => real(word.replaceAll("'", '')))
  const program = words.findIndex((word) => !/^[A-Z_]+=/.test(word))
  const env = Object.fromEntries(words.slice(0, program).map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]))
  const [name = '', ...args] = words.slice(program)
  if (name !== 'holdfast') {
    const act = PROGRAMS[name]
    if (!act) throw new Error(`a session cannot do ${name}`)
    act(folder, ...args)
    return ''
  }
  const { host, printed } = createTestHost(folder, env)
  const exitCode = await runCli(args, {
    ...host,
    newRunId: () => newRunId(folder),
    onInterrupt: args[0] === 'simulate' ? interruptAtOnce : host.onInterrupt,
  })
  return `${silent ? '' : printed.stdout}${printed.stderr}${exitCode === 0 ? '' : `exit code ${exitCode}\n`}`
}
