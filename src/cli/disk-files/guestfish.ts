// A conversation with guestfish, which reads file systems in a small virtual machine of its own, never in this host's kernel.
// Source: guestfish(1) and guestfs(3) of libguestfs 1.48. Every argument is quoted byte by byte, so no name can become a command.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { open, readFile, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { programFailed, programMissing } from '../codes.ts'
import { Refusal } from '../refusal.ts'

export interface Guestfish extends AsyncDisposable {
  /** What the command printed; throws GuestfishError when it failed. One at a time. */
  ask(command: string, ...args: readonly (string | Buffer)[]): Promise<Buffer>
  /** The same for a command whose last argument is a file that it writes: names between zero bytes. */
  names(command: 'ls0' | 'find0', folder: Buffer): Promise<readonly Buffer[]>
}

/** What guestfish said of a command that failed. Unless it has ended it goes on with the next one. */
export class GuestfishError extends Error {
  readonly ended: boolean

  constructor(message: string, ended: boolean) {
    super(message)
    this.ended = ended
  }
}

export interface GuestfishOptions {
  /** A folder that only this user can enter. */
  readonly folder: string
  /** Sockets and names of exports, in the order of the devices. */
  readonly disks: readonly { readonly socket: string; readonly exportName: string }[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Ends it, and fails what is under way. */
  readonly signal: AbortSignal
}

/** Its virtual machine is up when this resolves. Throws Refusal when there is no guestfish, or it cannot start. */
export async function startGuestfish(options: GuestfishOptions): Promise<Guestfish> {
  try {
    return await launch(options)
  } catch (error) {
    if (!(error instanceof GuestfishError)) throw error
    // KVM is not always what it promises, such as inside of another virtual machine. Emulation is slow and always works.
    if (options.env[SETTINGS] !== undefined) throw refusalOf(error)
  }
  try {
    return await launch({ ...options, env: { ...options.env, [SETTINGS]: 'force_tcg' } })
  } catch (error) {
    throw error instanceof GuestfishError ? refusalOf(error) : error
  }
}

const COMPLAINTS = 'complaints'
const SETTINGS = 'LIBGUESTFS_BACKEND_SETTINGS'

const refusalOf = ({ message }: GuestfishError): Refusal => new Refusal([programFailed('guestfish', message)])

async function launch({ folder, disks, env, signal }: GuestfishOptions): Promise<Guestfish> {
  // In a file they are there before the mark that follows them.
  await using file = await open(join(folder, COMPLAINTS), 'a', 0o600)
  // What it writes goes to a layer of its own: journals are replayed there, and the disks are never written to.
  const drives = disks.flatMap(({ socket, exportName }) => ['-a', `nbd:///${exportName}?socket=${socket}`])
  const child = spawn('guestfish', ['--ro', '--format=raw', ...drives], {
    // Libvirt would run it as another user, to whom our sockets are closed. The password is not for it.
    env: { LIBGUESTFS_BACKEND: 'direct', ...env, HOLDFAST_VAULT_PASSWORD: undefined },
    stdio: ['pipe', 'pipe', file.fd],
    signal,
  })
  const fish = converse(child, folder, signal)
  try {
    await fish.ask('run')
    return fish
  } catch (error) {
    await fish[Symbol.asyncDispose]()
    throw error
  }
}

function converse(child: ChildProcess, folder: string, signal: AbortSignal): Guestfish {
  const complaints = join(folder, COMPLAINTS)
  const mark = `that is all ${randomUUID()}\n`
  let printed = Buffer.alloc(0)
  let waiting: { settle(output: Buffer): void; fail(error: unknown): void } | undefined
  let over: { readonly error: unknown } | undefined

  const { promise: closed, resolve: close } = Promise.withResolvers<void>()
  const end = (error: unknown): void => {
    over ??= { error }
    waiting?.fail(over.error)
    waiting = undefined
  }
  child.on('error', (error: NodeJS.ErrnoException) => {
    const missing = error.code === 'ENOENT' && new Refusal([programMissing('guestfish', 'guestfish libguestfs-xfs')])
    end(signal.aborted ? signal.reason : missing || error)
    if (child.pid === undefined) close()
  })
  child.on('close', () => {
    end(signal.aborted ? signal.reason : new GuestfishError('it ended', true))
    close()
  })
  // It may be gone before it has read.
  child.stdin?.on('error', () => {})
  child.stdout?.on('data', (chunk: Buffer) => {
    printed = Buffer.concat([printed, chunk])
    if (!waiting || !printed.subarray(-mark.length).equals(Buffer.from(mark))) return
    waiting.settle(printed.subarray(0, -mark.length))
    waiting = undefined
  })

  async function talk(line: string): Promise<Buffer> {
    if (over) throw over.error
    const { promise, resolve: settle, reject: fail } = Promise.withResolvers<Buffer>()
    printed = Buffer.alloc(0)
    waiting = { settle, fail }
    // With - it goes on after a failure.
    child.stdin?.write(`-${line}\necho ${quoteArgument(mark.trimEnd())}\n`)
    return await promise
  }

  async function takeComplaint(): Promise<string | undefined> {
    const said = (await readFile(complaints, 'utf8')).trim()
    if (said === '') return undefined
    await truncate(complaints)
    return said.replaceAll(/^.*libguestfs: error: /gm, '')
  }

  async function ask(command: string, ...args: readonly (string | Buffer)[]): Promise<Buffer> {
    const answer = await talk([command, ...args.map(quoteArgument)].join(' ')).catch((error: unknown) => {
      if (error instanceof GuestfishError) return error
      throw error
    })
    const complaint = await takeComplaint()
    if (complaint !== undefined) throw new GuestfishError(complaint, answer instanceof GuestfishError)
    if (answer instanceof GuestfishError) throw answer
    return answer
  }

  return {
    ask,
    async names(command, inFolder) {
      const list = join(folder, 'names')
      await ask(command, inFolder, list)
      const names = splitAtZeros(await readFile(list))
      await rm(list)
      return names.sort(Buffer.compare)
    },
    async [Symbol.asyncDispose]() {
      // At the end of its input it puts its machine away.
      child.stdin?.end()
      await closed
    },
  }
}

function splitAtZeros(list: Buffer): Buffer[] {
  const names: Buffer[] = []
  for (let from = 0; from < list.length; ) {
    const to = list.indexOf(0, from)
    names.push(list.subarray(from, to < 0 ? list.length : to))
    from = to < 0 ? list.length : to + 1
  }
  return names
}

/** "Quoting" of guestfish(1): what is not plain is written as its bytes. */
export function quoteArgument(argument: string | Buffer): string {
  const bytes = typeof argument === 'string' ? Buffer.from(argument) : argument
  const shown = Array.from(bytes, (byte) => {
    const char = String.fromCharCode(byte)
    return /[A-Za-z0-9/._-]/.test(char) ? char : `\\x${byte.toString(16).padStart(2, '0')}`
  })
  return `"${shown.join('')}"`
}
