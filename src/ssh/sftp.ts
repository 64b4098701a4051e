// Files on a host over SFTP (draft-ietf-secsh-filexfer-02, and OpenSSH's PROTOCOL for its extensions): one connection, many requests at once.
import type { Client, FileEntryWithStats, SFTPWrapper } from 'ssh2'
import { connect } from './connect.ts'
import { SshFailed } from './failed.ts'
import type { SshHost } from './model.ts'

/** What one request carries; OpenSSH takes twice as much, others a quarter: the library cuts it to what the server takes. */
const REQUEST_BYTES = 128 * 1024
/** Requests on their way for one file, so that the distance to the host costs little. */
const REQUESTS_AT_ONCE = 16
const FOLDER_TYPE = 0o040000
const FILE_TYPE = 0o100000
const TYPE_BITS = 0o170000

/** Status codes, section 7 of the draft. */
const EOF = 1
const NO_SUCH_FILE = 2
const UNSUPPORTED = 8

/** The server's own answer to a request that it did not carry out. */
export class SftpFailed extends Error {
  /** Section 7 of the draft: 2 is a missing file, 3 a missing right, 4 any other failure, a full disk among them. */
  readonly status: number

  constructor(call: string, path: string, status: number, text: string) {
    super(`${call} ${path}: ${text} (SFTP status ${status})`)
    this.name = 'SftpFailed'
    this.status = status
  }

  get missing(): boolean {
    return this.status === NO_SUCH_FILE
  }
}

export interface SftpEntry {
  readonly name: string
  readonly sizeBytes: number
  /** Milliseconds since the epoch, to the second. */
  readonly modifiedMs: number
}

/**
 * Paths start at the login's home folder, or at the root with a slash. Every call rejects with `SftpFailed` for what the server refuses, and with
 * `SshFailed` when the connection breaks: then all later calls do, and nobody knows whether the last ones were carried out.
 */
export interface Sftp extends AsyncDisposable {
  /**
   * Writes a new file `beside` and gives it its name: nobody sees part of it. It takes the place of a file of that name where the server has
   * posix-rename@openssh.com; others refuse. Durable where it has fsync@openssh.com, the name too on file systems that keep a journal.
   */
  put(path: string, beside: string, parts: readonly Buffer[], mode: number): Promise<void>
  /** Shorter than asked for where the file ends before; without a range all of it. */
  read(path: string, range?: { readonly offsetBytes: number; readonly lengthBytes: number }): Promise<Buffer>
  sizeOf(path: string): Promise<number>
  /** The files in a folder. */
  files(folder: string): Promise<readonly SftpEntry[]>
  /** The names of the folders in a folder. */
  folders(folder: string): Promise<readonly string[]>
  /** One that is there already stays as it is. */
  makeFolder(path: string, mode: number): Promise<void>
  /** A file that is gone already is no error. */
  remove(path: string): Promise<void>
}

/** The signal covers connecting; afterwards the caller disposes. Rejects with `SshFailed` or the signal's reason. */
export async function openSftp(host: SshHost, signal: AbortSignal): Promise<Sftp> {
  const client = await connect(host, signal)
  try {
    return sessionOf(host, client, await startSubsystem(host, client))
  } catch (error) {
    client.destroy()
    throw error
  }
}

function startSubsystem({ host, user }: SshHost, client: Client): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    const broken = (): void => reject(lost(host))
    client.once('close', broken)
    client.sftp((error, sftp) => {
      client.off('close', broken)
      if (error) reject(new SshFailed('refused', `${host} gives ${user} no SFTP: ${error.message}`, false, { cause: error }))
      else resolve(sftp)
    })
  })
}

function sessionOf({ host }: SshHost, client: Client, sftp: SFTPWrapper): Sftp {
  const waiting = new Set<(error: Error) => void>()
  let broken: Error | undefined
  const breakDown = (): void => {
    broken ??= lost(host)
    for (const reject of waiting) reject(broken)
    waiting.clear()
  }
  client.once('close', breakDown)
  sftp.once('close', breakDown)
  // What the server said makes no sense: the library ends the session.
  sftp.on('error', () => client.destroy())

  /** One request; the library forgets those that are made on a connection that is gone. */
  function ask<T>(
    call: string,
    path: string,
    request: (done: (error?: Error | null, answer?: T) => void) => unknown,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (broken) return reject(broken)
      waiting.add(reject)
      try {
        request((error, answer) => {
          waiting.delete(reject)
          if (!error) return resolve(answer as T)
          if ('code' in error && typeof error.code === 'number') {
            return reject(new SftpFailed(call, path, error.code, error.message))
          }
          client.destroy()
          reject(broken ?? lost(host))
        })
      } catch (error) {
        // An extension that the server did not name when it was greeted.
        waiting.delete(reject)
        reject(new SftpFailed(call, path, UNSUPPORTED, (error as Error).message))
      }
    })
  }

  async function withFile<T>(path: string, flags: 'r' | 'wx', mode: number, use: (handle: Buffer) => Promise<T>): Promise<T> {
    const handle = await ask<Buffer>('open', path, (done) => sftp.open(path, flags, mode, done))
    try {
      return await use(handle)
    } finally {
      if (!broken) await ask('close', path, (done) => sftp.close(handle, done))
    }
  }

  async function sync(handle: Buffer, path: string): Promise<void> {
    await ask('fsync', path, (done) => sftp.ext_openssh_fsync(handle, done)).catch(unless(UNSUPPORTED))
  }

  async function rename(from: string, to: string): Promise<void> {
    try {
      await ask('rename', to, (done) => sftp.ext_openssh_rename(from, to, done))
    } catch (error) {
      unless(UNSUPPORTED)(error)
      await ask('rename', to, (done) => sftp.rename(from, to, done))
    }
  }

  async function remove(path: string): Promise<void> {
    await ask('remove', path, (done) => sftp.unlink(path, done)).catch(unless(NO_SUCH_FILE))
  }

  async function readInto(handle: Buffer, path: string, into: Buffer, offsetBytes: number): Promise<number> {
    let done = 0
    while (done < into.length) {
      const start = done
      const read = await ask<number>('read', path, (settle) =>
        sftp.read(handle, into, start, into.length - start, offsetBytes + start, settle),
      ).catch((error: unknown) => (error instanceof SftpFailed && error.status === EOF ? 0 : Promise.reject(error)))
      if (read === 0) break
      done += read
    }
    return done
  }

  const statOf = (path: string) => ask<{ size: number; mode: number }>('stat', path, (done) => sftp.stat(path, done))
  const entriesOf = (folder: string) => ask<FileEntryWithStats[]>('list', folder, (done) => sftp.readdir(folder, done))
  const typed = async (folder: string, type: number): Promise<readonly FileEntryWithStats[]> =>
    (await entriesOf(folder)).filter(({ attrs, filename }) => (attrs.mode & TYPE_BITS) === type && !/^\.\.?$/.test(filename))

  return {
    async put(path, beside, parts, mode) {
      try {
        await withFile(beside, 'wx', mode, async (handle) => {
          const whole = Buffer.concat(parts)
          await atOnce(startsOf(whole.length), (start) => {
            const lengthBytes = Math.min(REQUEST_BYTES, whole.length - start)
            return ask('write', beside, (done) => sftp.write(handle, whole, start, lengthBytes, start, done))
          })
          await sync(handle, beside)
          await rename(beside, path)
          // A rename is in the file's own journal entry: with the file it becomes durable. Folders cannot be synced over SFTP.
          await sync(handle, path)
        })
      } catch (error) {
        if (!broken) await remove(beside).catch(() => {})
        throw error
      }
    },
    read: (path, range) =>
      withFile(path, 'r', 0, async (handle) => {
        const wanted = range ?? { offsetBytes: 0, lengthBytes: (await statOf(path)).size }
        const into = Buffer.allocUnsafeSlow(wanted.lengthBytes)
        let end = into.length
        await atOnce(startsOf(into.length), async (start) => {
          const part = into.subarray(start, start + REQUEST_BYTES)
          const read = await readInto(handle, path, part, wanted.offsetBytes + start)
          if (read < part.length) end = Math.min(end, start + read)
        })
        return into.subarray(0, end)
      }),
    sizeOf: async (path) => (await statOf(path)).size,
    files: async (folder) =>
      (await typed(folder, FILE_TYPE)).map(({ filename, attrs }) => ({
        name: filename,
        sizeBytes: attrs.size,
        modifiedMs: attrs.mtime * 1000,
      })),
    folders: async (folder) => (await typed(folder, FOLDER_TYPE)).map(({ filename }) => filename),
    async makeFolder(path, mode) {
      try {
        await ask('mkdir', path, (done) => sftp.mkdir(path, { mode }, done))
      } catch (error) {
        // What is there already is told by no status of its own.
        const known = error instanceof SftpFailed ? await statOf(path).catch(() => undefined) : undefined
        if (!known || (known.mode & TYPE_BITS) !== FOLDER_TYPE) throw error
      }
    },
    remove,
    async [Symbol.asyncDispose]() {
      client.end()
    },
  }
}

const unless =
  (status: number) =>
  (error: unknown): void => {
    if (!(error instanceof SftpFailed && error.status === status)) throw error
  }

const startsOf = (lengthBytes: number): readonly number[] =>
  Array.from({ length: Math.ceil(lengthBytes / REQUEST_BYTES) }, (_, i) => i * REQUEST_BYTES)

/** All of them, so many at a time; the first that fails ends it once those under way have ended. */
async function atOnce<T>(all: readonly T[], each: (one: T) => Promise<unknown>): Promise<void> {
  const left = all.values()
  let failed: { readonly error: unknown } | undefined
  const worker = async (): Promise<void> => {
    for (let next = left.next(); !next.done && !failed; next = left.next()) {
      try {
        await each(next.value)
      } catch (error) {
        failed ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, worker))
  if (failed) throw failed.error
}

const lost = (host: string): SshFailed => new SshFailed('lost', `the connection to ${host} broke`, true)
