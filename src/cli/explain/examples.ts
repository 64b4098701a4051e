// The examples of the codes, which come with Holdfast as files: examples/<CODE>/failing and passing, and what commands say of them.
// Tests run them all, so what they show is what happens.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Examples {
  readonly failing: Example
  /** Absent where a person must act outside of any file, as with a broken disk. */
  readonly passing?: Example
}

export interface Example {
  readonly files: readonly { readonly name: string; readonly text: string }[]
  /** Commands, each after `$ `, with all that they print. */
  readonly session: string
}

/** Undefined where the code has none. */
export function examplesOf(code: string, directory: string): Examples | undefined {
  const failing = exampleIn(join(directory, code), 'failing')
  const passing = exampleIn(join(directory, code), 'passing')
  return failing && { failing, ...(passing ? { passing } : {}) }
}

function exampleIn(folder: string, name: 'failing' | 'passing'): Example | undefined {
  const session = join(folder, `${name}.txt`)
  if (!existsSync(session)) return undefined
  return { files: filesBelow(join(folder, name)), session: readFileSync(session, 'utf8') }
}

function filesBelow(folder: string): Example['files'] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((file) => ({ name: file.slice(folder.length + 1), text: readFileSync(file, 'utf8') }))
}
