// The restics that judge vaults: this Debian's own, and the newest that Debian has. What is tested with one is tested with both.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, type TestOptions } from 'vitest'
import { MiB, PASSWORD } from '../vault/world.ts'
import { NEWER_RESTIC } from './newer-peers.ts'
import { fetchedPeer, peer } from './peer.ts'

const run = promisify(execFile)

interface Program {
  readonly name: string
  readonly program: string
  readonly isThere: boolean
}

const NEWEST = NEWER_RESTIC.path
const PROGRAMS: readonly Program[] = [
  { name: 'restic', program: 'restic', isThere: peer('restic', 'restic') },
  { name: 'the newest restic', program: NEWEST, isThere: fetchedPeer(NEWEST) },
]

/** How a restic is called in one repository: what it prints, or its message thrown. */
export interface Restic {
  readonly program: string
  readonly isNewest: boolean
  call(repository: string, ...args: readonly string[]): Promise<Buffer>
  callWith(more: ResticOptions, repository: string, ...args: readonly string[]): Promise<Buffer>
}

export interface ResticOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export const resticEnvironment = (repository: string): NodeJS.ProcessEnv => ({
  ...process.env,
  TZ: 'UTC',
  RESTIC_PASSWORD: PASSWORD.reveal(),
  RESTIC_FROM_PASSWORD: PASSWORD.reveal(),
  RESTIC_REPOSITORY: repository,
})

/** The tests, once for each restic; skipped for one that is missing. */
export function describeRestics(title: string, options: TestOptions, tests: (restic: Restic) => void): void {
  for (const { name, program, isThere } of PROGRAMS) {
    const callWith: Restic['callWith'] = async ({ env = {}, ...more }, repository, ...args) => {
      const options = { encoding: 'buffer', maxBuffer: 256 * MiB, env: { ...resticEnvironment(repository), ...env } } as const
      return (await run(program, ['--no-cache', ...args], { ...options, ...more })).stdout
    }
    const call: Restic['call'] = (repository, ...args) => callWith({}, repository, ...args)
    describe.skipIf(!isThere)(`${name}${title}`, options, () => tests({ program, isNewest: program === NEWEST, call, callWith }))
  }
}

/** Throws unless it finds none in the whole repository. */
export async function expectNoErrors({ call }: Restic, repository: string): Promise<void> {
  const said = (await call(repository, 'check', '--read-data')).toString()
  if (!said.includes('no errors were found')) throw new Error(said)
}
