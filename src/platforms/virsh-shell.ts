// libvirt's own client as a shell that is kept: commands go to its input, a line each, and no shell of a system is in between. It knows no
// command, and never guesses where an answer ends. (virsh(1); libvirt, tools/vsh.c)
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { Socket } from 'node:net'

/** It ended, or was never there. */
export class ShellEnded extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ShellEnded'
  }
}

export interface Said {
  /** What the command answered; empty where it failed. */
  readonly answer: string
  /** What virsh complained of. */
  readonly complaint: string
}

export interface Shell {
  /** It waits for a command, and has said nothing since the last one, such as that libvirt is gone. */
  isReady(): boolean
  /** One at a time. Rejects with `ShellEnded`, or with the signal's reason; it has ended then. Arguments hold no NUL. */
  run(argv: readonly string[], signal: AbortSignal): Promise<Said>
  /** Ends it after so long without another command; nothing waits for that, and the end of this program ends it, too. */
  rest(restMs: number): void
}

const ENV = {
  // What it says is read by us.
  LC_ALL: 'C',
  // Keys do what they do by default, whatever a person is used to.
  INPUTRC: '/dev/null',
  TERM: 'dumb',
  // It writes all that it was told into a person's history, unless it cannot; so it may not start a libvirt either, which would have no cache.
  XDG_CACHE_HOME: '/dev/null',
  LIBVIRT_AUTOSTART: '0',
}

/** Resolves when it is connected. Rejects as `run` does. */
export async function startShell(uri: string, signal: AbortSignal): Promise<Shell> {
  // In a session of its own: Ctrl-C in a terminal is for Holdfast alone.
  const child = spawn('virsh', ['--quiet', `--connect=${uri}`], { detached: true, env: { ...process.env, ...ENV } })
  const handles = [child, ...[child.stdin, child.stdout, child.stderr].filter((stream) => stream instanceof Socket)]
  const token = randomBytes(6).toString('hex')
  const text = { stdout: '', stderr: '' }
  let ended: ShellEnded | undefined
  let look = (): void => {}
  let overdue: NodeJS.Timeout | undefined
  const end = (message: string, cause?: Error): void => {
    ended ??= new ShellEnded(message, { cause })
    look()
  }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      text[stream] += chunk
      look()
    })
  child.stdin.on('error', () => {})
  child.once('error', (error) => end(`virsh cannot be started: ${error.message}`, error))
  child.once('close', (exitCode, killedBy) =>
    end(exitCode === null ? `virsh was ended by ${killedBy}` : `virsh: ${complaintIn(text.stderr)}`),
  )
  const run: Shell['run'] = (argv, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted()
      clearTimeout(overdue)
      for (const handle of handles) handle.ref()
      const settle = (settled: () => void): void => {
        signal.removeEventListener('abort', aborted)
        look = () => {}
        Object.assign(text, { stdout: '', stderr: '' })
        settled()
      }
      const aborted = (): void => {
        child.kill('SIGKILL')
        settle(() => reject(signal.reason))
      }
      signal.addEventListener('abort', aborted, { once: true })
      look = () => {
        const said = saidIn(text, token)
        if (said) settle(() => resolve(said))
        else if (ended) settle(() => reject(ended))
      }
      child.stdin.write(framed(argv, token), 'latin1')
      look()
    })
  await run(['echo'], signal)
  return {
    isReady: () => !ended && text.stderr.trim() === '',
    run,
    rest: (restMs) => {
      for (const handle of handles) handle.unref()
      overdue = setTimeout(() => child.stdin.end(), restMs).unref()
    },
  }
}

/**
 * Between marks, which are echoed with quotes inside before they are said without. Should virsh not understand the first line, it says the
 * marks of the second all the same.
 */
function framed(argv: readonly string[], token: string): string {
  const mark = (number: number): string => `${token}''${number}`
  return `echo ${mark(1)};${argv.map(quoted).join(' ')};echo ${mark(2)}\necho ${mark(3)};echo --err ${mark(3)}\n`
}

function saidIn({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }, token: string): Said | undefined {
  const mark = (number: number): string => `${token}${number}`
  const complained = stderr.indexOf(mark(3))
  if (complained < 0 || !stdout.includes(mark(3))) return undefined
  const [, from = ''] = stdout.split(mark(1))
  const [answer = ''] = from.split(mark(2))
  return { answer, complaint: complaintIn(stderr.slice(0, complained)) }
}

const complaintIn = (stderr: string): string =>
  stderr
    .split('\n')
    .filter((line) => !line.includes(ENV.XDG_CACHE_HOME))
    .join('\n')
    .replaceAll(/^error: /gm, '')
    .trim()

/** As virsh and, before it, readline take it apart: a key that is no character of ASCII stands behind Ctrl-V. A character is a byte. */
const quoted = (argument: string): string =>
  `'${Buffer.from(argument).toString('latin1').replaceAll("'", "'\\''")}'`.replaceAll(/[^ -~]/g, '\x16$&')
