// Real programs that judge ours. A missing one is skipped with the way to get it; where CI is set, it fails instead.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']

const isThere = (program: string): boolean =>
  FOLDERS.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/** Whether the program is there: `describe.skipIf(!peer('nbdkit', 'nbdkit'))`. */
export function peer(program: string, debianPackage: string): boolean {
  if (isThere(program)) return true
  const reason = `${program} is missing; get it with: apt-get install ${debianPackage}`
  if (process.env.CI) throw new Error(reason)
  console.warn(`skipped: ${reason}`)
  return false
}
