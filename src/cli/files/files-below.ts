// The files of a folder that a command is about, at any depth. Hidden folders and installed packages are not entered.
import { type Dirent, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileUnreadable } from '../codes.ts'
import type { Host } from '../host.ts'
import { Refusal } from '../refusal.ts'

/** As seen from the working directory, in the order of their names. Throws Refusal where a folder among them may not be looked into. */
export const filesBelow = (host: Host, directory: string, wanted: (name: string) => boolean): readonly string[] =>
  entriesOf(host, directory).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return isEntered(entry) ? filesBelow(host, path, wanted) : []
    return wanted(entry.name) ? [path] : []
  })

/** The folder and all in which `filesBelow` looks, as absolute paths. */
export const foldersBelow = (host: Host, directory: string): readonly string[] => [
  resolve(host.workingDirectory, directory),
  ...entriesOf(host, directory)
    .filter((entry) => entry.isDirectory() && isEntered(entry))
    .flatMap(({ name }) => foldersBelow(host, join(directory, name))),
]

function entriesOf(host: Host, directory: string): readonly Dirent[] {
  try {
    const entries = readdirSync(resolve(host.workingDirectory, directory), { withFileTypes: true })
    return entries.toSorted((a, b) => a.name.localeCompare(b.name))
  } catch (error) {
    throw new Refusal([fileUnreadable(directory, (error as NodeJS.ErrnoException).code ?? String(error))])
  }
}

const isEntered = ({ name }: Dirent): boolean => name !== 'node_modules' && !name.startsWith('.')
