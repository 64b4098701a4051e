// The restics that judge vaults: the one of this Debian, and the newest one that Debian has. Each test of them runs with both.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MiB, PASSWORD } from '../vault/world.ts'
import { NEWER_PEERS } from './newer-peers.ts'
import { fetchedPeer, peer } from './peer.ts'

const run = promisify(execFile)

export interface Restic {
  /** What tests are named by. */
  readonly name: string
  readonly program: string
}

const NEWER = join(NEWER_PEERS.folder, 'unpacked', NEWER_PEERS.restic)

/** Those that are there; a missing one fails where CI is set, else is told of. */
export const restics = (): readonly Restic[] => [
  ...(peer('restic', 'restic') ? [{ name: 'restic', program: 'restic' }] : []),
  ...(fetchedPeer(NEWER) ? [{ name: 'the newest restic', program: NEWER }] : []),
]

export interface ResticCall {
  readonly restic: Restic
  readonly repository: string
  readonly env?: Readonly<Record<string, string>>
  /** Where it runs. */
  readonly cwd?: string
}

export const environmentOf = ({ repository, env = {} }: ResticCall): NodeJS.ProcessEnv => ({
  ...process.env,
  TZ: 'UTC',
  RESTIC_PASSWORD: PASSWORD.reveal(),
  RESTIC_FROM_PASSWORD: PASSWORD.reveal(),
  RESTIC_REPOSITORY: repository,
  ...env,
})

/** What it prints. Rejects with its message where it fails. */
export async function callRestic(call: ResticCall, ...args: readonly string[]): Promise<Buffer> {
  const { restic, cwd } = call
  const options = { encoding: 'buffer', maxBuffer: 256 * MiB, env: environmentOf(call), ...(cwd === undefined ? {} : { cwd }) } as const
  return (await run(restic.program, ['--no-cache', ...args], options)).stdout
}
