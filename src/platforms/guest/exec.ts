// One program in a guest, for runbooks that need more than scripts at their places.
import { type ActionContext, ActionFailure, type Connection } from '../../packs/index.ts'
import type { JsonObject } from '../../values/index.ts'
import { programsIn } from './channel.ts'
import { asFailure } from './failures.ts'
import type { ProgramEnd } from './programs.ts'

// Inputs have been checked against the manifest; this says the same to the compiler.
interface Asked {
  readonly program: string
  readonly arguments?: readonly string[]
  readonly input?: string
  readonly deadlineSeconds?: number
  readonly maxOutputBytes?: number
}

export async function execute(connection: Connection, input: JsonObject, context: ActionContext): Promise<JsonObject> {
  const asked = input as unknown as Asked
  const { program, arguments: args = [], input: text, deadlineSeconds = 300, maxOutputBytes = 65_536 } = asked
  const run = programsIn(connection, context)
  context.assertOwner()
  try {
    const { end, stdout, stderr, cut } = await run(
      {
        argv: [program, ...args],
        ...(text === undefined ? {} : { stdin: Buffer.from(text) }),
        deadlineMs: deadlineSeconds * 1000,
        maxOutputBytes,
      },
      context.signal,
    )
    const said = { stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8'), cut }
    if (end.kind === 'exited') return { exitCode: end.exitCode, ...said }
    throw notEnded(program, end, said)
  } catch (error) {
    context.signal.throwIfAborted()
    throw asFailure(error)
  }
}

function notEnded(program: string, end: Exclude<ProgramEnd, { readonly kind: 'exited' }>, detail: JsonObject): ActionFailure {
  const fail = (message: string, applied: 'no' | 'maybe'): ActionFailure =>
    new ActionFailure({ type: end.kind, message: `${program} ${message}`, detail, retryable: false, applied })
  switch (end.kind) {
    case 'signalled':
      return fail(`was ended by ${end.signal}`, 'maybe')
    case 'overdue':
      return fail('was ended at its deadline', 'maybe')
    case 'notStarted':
      return fail(`could not be started: ${end.why}`, 'no')
    default:
      return end satisfies never
  }
}
