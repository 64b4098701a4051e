// Programs in a Windows guest, run over WinRM: a shell of their own each, which takes along what is left of them when it is deleted.
import type { Clock, Connection } from '../../../packs/index.ts'
import type { Element } from '../../xml.ts'
import { type Channel, type GuestProgram, keepFirst, NotStarted, type RunningProgram } from '../programs.ts'
import { commandIdIn, type Fault, receivedIn, shellIdIn } from './answers.ts'
import { commandLine } from './command-line.ts'
import { WinrmFailed } from './failed.ts'
import { openService, type Service } from './service.ts'

/** The operation took longer than it was given; for Receive: the program has said nothing since. */
const NOTHING_TO_SAY = 2_150_858_793
/**
 * Windows' own codes, as such and as HRESULT: file not found, path not found, access denied, no valid program.
 * Assumed: which of them a fault shows was not seen.
 */
const NO_SUCH_PROGRAM = [2, 3, 5, 193].flatMap((code) => [code, 0x80070000 + code])
/** Of standard input in one message, well below what services take. */
const PIECE_BYTES = 65_536
/** A shell that nobody deletes is dropped by the service when it has been idle. */
const DELETE_MS = 15_000

/** Its failures are `WinrmFailed`. */
export const winrmChannel = (connection: Connection, clock: Clock): Channel => ({
  async start(program, signal) {
    const line = commandLine(program.argv)
    const service = openService(connection, clock)
    let shell: string | undefined
    try {
      shell = named(shellIdIn, await asked(service, { kind: 'create' }, signal), 'shell')
      const answer = await service.ask({ kind: 'command', shell, line }, signal)
      if (isFault(answer) && answer.code !== undefined && NO_SUCH_PROGRAM.includes(answer.code)) {
        throw new NotStarted(`${line.program}: ${answer.message}`)
      }
      return watch(service, shell, named(commandIdIn, notRefused(answer, false), 'command'), program)
    } catch (error) {
      await close(service, shell)
      throw error instanceof RangeError ? new NotStarted(`an argument ${error.message}`) : error
    }
  },
})

function watch(service: Service, shell: string, command: string, { stdin, maxOutputBytes }: GuestProgram): RunningProgram {
  const life = new AbortController()
  const [stdout, stderr] = [keepFirst(maxOutputBytes), keepFirst(maxOutputBytes)]
  const ended = async (): Promise<{ readonly kind: 'exited'; readonly exitCode: number }> => {
    for (;;) {
      const answer = await service.ask({ kind: 'receive', shell, command }, life.signal)
      if (isFault(answer) && answer.code === NOTHING_TO_SAY) continue
      const received = receivedIn(notRefused(answer, true))
      received.stdout.forEach(stdout.add)
      received.stderr.forEach(stderr.add)
      if (received.exitCode !== undefined) return { kind: 'exited', exitCode: received.exitCode }
    }
  }
  // A program may end without reading what it was given; how it ended tells.
  giveInput(service, { shell, command, stdin: stdin ?? new Uint8Array() }, life.signal).catch(() => {})
  return {
    ended: ended(),
    output: () => ({ stdout: stdout.kept, stderr: stderr.kept, cut: stdout.cut || stderr.cut }),
    kill: async () => {
      await asked(service, { kind: 'terminate', shell, command }, life.signal)
    },
    [Symbol.asyncDispose]: async () => {
      life.abort(new Error('nobody waits for the program any more'))
      await close(service, shell)
    },
  }
}

interface Input {
  readonly shell: string
  readonly command: string
  readonly stdin: Uint8Array
}

async function giveInput(service: Service, { shell, command, stdin }: Input, signal: AbortSignal): Promise<void> {
  for (let from = 0, last = false; !last; from += PIECE_BYTES) {
    last = from + PIECE_BYTES >= stdin.length
    await asked(service, { kind: 'send', shell, command, bytes: stdin.subarray(from, from + PIECE_BYTES), last }, signal)
  }
}

async function close(service: Service, shell: string | undefined): Promise<void> {
  if (shell !== undefined) await service.ask({ kind: 'delete', shell }, AbortSignal.timeout(DELETE_MS)).catch(() => {})
  await service[Symbol.asyncDispose]()
}

const asked = async (service: Service, question: Parameters<Service['ask']>[0], signal: AbortSignal): Promise<Element> =>
  notRefused(await service.ask(question, signal), question.kind !== 'create')

const isFault = (answer: Element | Fault): answer is Fault => 'message' in answer

function notRefused(answer: Element | Fault, started: boolean): Element {
  if (isFault(answer)) throw new WinrmFailed('refused', answer.message, started)
  return answer
}

function named(find: (body: Element) => string | undefined, body: Element, what: string): string {
  const id = find(body)
  if (id === undefined || id === '') throw new WinrmFailed('refused', `the service did not say which ${what} it made`, false)
  return id
}
