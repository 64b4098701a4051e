// A disk that only a vendor's library can read, as an NBD disk: nbdkit with the plugin that wraps the library, on a Unix socket in a
// folder of its own. nbdkit outlives this process, so that a run that is taken up again goes on reading; who starts one ends it.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DiskAddress } from '../blocks/index.ts'
import { Secret } from '../values/index.ts'

export interface NbdkitRequest {
  /**
   * Made here, for the owner only. Its name is chosen before, so that the bridge is found and ended whatever became of who started it.
   * Short: a socket's path has at most 107 bytes.
   */
  readonly folder: string
  /** Name or path of the program; `nbdkit` unless given. */
  readonly nbdkit?: string
  /** Name or path of the plugin. */
  readonly plugin: string
  /**
   * Passed as `name=value`. A secret is passed as `name=+file`, as plugins that read passwords by nbdkit's own function take it
   * (nbdkit-plugin(3), "nbdkit_read_password"); the file is gone once nbdkit listens.
   */
  readonly parameters: Readonly<Record<string, string | Secret>>
  /** Added to this process's environment, such as LD_LIBRARY_PATH. */
  readonly environment?: Readonly<Record<string, string>>
  readonly readOnly: boolean
  readonly signal: AbortSignal
}

/** nbdkit cannot be started or does not get ready: the plugin, a parameter, or what the library says of them. */
export class NbdkitFailed extends Error {}

const SOCKET = 'socket'
const PID = 'pid'
const LOG = 'log'

const POLL_MS = 20
const READY_WITHIN_MS = 60_000
const STOP_WITHIN_MS = 10_000

/** Resolves with where the disk is once nbdkit listens; one that runs in the folder already is taken as it is. */
export async function startNbdkit(request: NbdkitRequest): Promise<DiskAddress> {
  const { folder } = request
  const running = await findNbdkit(folder)
  if (running) return running
  await stopNbdkit(folder)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const [parameters, secretFiles] = await withSecretsInFiles(request)
  const options = ['-f', ...(request.readOnly ? ['-r'] : []), '-U', join(folder, SOCKET), '-P', join(folder, PID)]
  try {
    await untilReady(start(request, [...options, request.plugin, ...parameters]), request)
  } catch (error) {
    await stopNbdkit(folder)
    throw error
  } finally {
    for (const file of secretFiles) await rm(file, { force: true })
  }
  return addressIn(folder)
}

/** Where the disk of a bridge is that runs; nothing where none does. */
export const findNbdkit = async (folder: string): Promise<DiskAddress | undefined> =>
  (await pidIn(folder)) === undefined ? undefined : addressIn(folder)

/** Ends the bridge of that folder, if there is one, and removes the folder. */
export async function stopNbdkit(folder: string): Promise<void> {
  const pid = await pidIn(folder)
  if (pid !== undefined) await end(pid, folder)
  await rm(folder, { recursive: true, force: true })
}

const addressIn = (folder: string): DiskAddress => ({ kind: 'nbd-unix', path: join(folder, SOCKET), exportName: '' })

async function withSecretsInFiles({ folder, parameters }: NbdkitRequest): Promise<[parameters: string[], files: string[]]> {
  const [passed, files]: [string[], string[]] = [[], []]
  for (const [name, value] of Object.entries(parameters)) {
    if (!(value instanceof Secret)) {
      passed.push(`${name}=${value}`)
      continue
    }
    const file = join(folder, `secret-${files.length}`)
    await writeFile(file, value.reveal(), { mode: 0o600, flag: 'wx' })
    files.push(file)
    passed.push(`${name}=+${file}`)
  }
  return [passed, files]
}

function start({ folder, nbdkit = 'nbdkit', environment }: NbdkitRequest, parameters: readonly string[]): ChildProcess {
  const log = openSync(join(folder, LOG), 'w', 0o600)
  try {
    const child = spawn(nbdkit, parameters, {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'ignore', log],
      env: { ...process.env, ...environment },
    })
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

/** nbdkit writes its process id when it listens. */
async function untilReady(child: ChildProcess, { folder, signal }: NbdkitRequest): Promise<void> {
  let ended: string | undefined
  child.once('error', (error) => {
    ended = error.message
  })
  child.once('exit', (code, by) => {
    ended = `it ended with ${by ?? code}`
  })
  for (let waitedMs = 0; !(await exists(join(folder, PID))); waitedMs += POLL_MS) {
    if (ended === undefined && !signal.aborted && waitedMs < READY_WITHIN_MS) {
      await sleep(POLL_MS)
      continue
    }
    child.kill('SIGKILL')
    signal.throwIfAborted()
    const said = await readFile(join(folder, LOG), 'utf8').catch(() => '')
    throw new NbdkitFailed(`nbdkit does not get ready: ${ended ?? 'it takes too long'}${said === '' ? '' : `: ${said.trim()}`}`)
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}

/** Of an nbdkit that runs in this folder: its number alone could be another program's by now. */
async function pidIn(folder: string): Promise<number | undefined> {
  const pid = Number(await readFile(join(folder, PID), 'utf8').catch(() => ''))
  if (!Number.isInteger(pid) || pid < 2) return undefined
  const called = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return called.split('\0').includes(join(folder, SOCKET)) ? pid : undefined
}

async function end(pid: number, folder: string): Promise<void> {
  process.kill(pid, 'SIGTERM')
  for (let waitedMs = 0; (await pidIn(folder)) === pid; waitedMs += POLL_MS) {
    if (waitedMs === STOP_WITHIN_MS) process.kill(pid, 'SIGKILL')
    await sleep(POLL_MS)
  }
}
