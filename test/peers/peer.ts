// Real programs that judge ours. A missing one is skipped with the way to get it; where CI is set, it fails instead.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'

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

/** Whether the program is there; give it and its package to `describe.skipIf(!peer(…))`. */
export function peer(program: string, debianPackage: string): boolean {
  return isThere(program) || missing(program, debianPackage)
}

/** The same for a module of the system's own Python. */
export function pythonPeer(module: string, debianPackage: string): boolean {
  const { status } = spawnSync('/usr/bin/python3', ['-c', `import ${module}`], { stdio: 'ignore' })
  return status === 0 || missing(`${module} of Python`, debianPackage)
}

/** The same for what QEMU's programs load to reach a disk. */
export function blockDriver(driver: string, debianPackage: string): boolean {
  const { stderr } = spawnSync('qemu-img', ['info', '--image-opts', `driver=${driver}`], { encoding: 'utf8' })
  // Of one that is there it says what it wants besides.
  const isLoaded = typeof stderr === 'string' && stderr !== '' && !stderr.includes('Unknown driver')
  return isLoaded || missing(`the block driver ${driver} of QEMU`, debianPackage)
}

/** The same for a program that is fetched for tests, and not installed. */
export function fetchedPeer(path: string): boolean {
  return existsSync(path) || missingUntil(basename(path), 'npm run fetch:peers')
}

const missing = (what: string, debianPackage: string): false => missingUntil(what, `apt-get install ${debianPackage}`)

function missingUntil(what: string, command: string): false {
  const reason = `${what} is missing; get it with: ${command}`
  if (process.env.CI) throw new Error(reason)
  console.warn(`skipped: ${reason}`)
  return false
}
