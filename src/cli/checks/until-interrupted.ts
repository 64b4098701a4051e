// The same work again whenever a file changes, until Ctrl-C. It shows the current state only, and sleeps between changes.
import { statSync } from 'node:fs'
import type { ExitCode } from '../exit-codes.ts'
import { type Host, wantsColour } from '../host.ts'
import { Refusal } from '../refusal.ts'
import { moment } from '../views/index.ts'

export interface Work {
  /** Absolute; asked before each round, since a round may follow the making of a folder. */
  folders(): Promise<readonly string[]>
  /** What was kept of these files counts no longer. */
  forget(changed: readonly string[]): void
  /** Prints how things stand. A Refusal is printed in its place. */
  round(): Promise<ExitCode>
  /** For programs: nothing but what the rounds print. */
  readonly quiet: boolean
}

/** Clears the screen and what can be scrolled back to; ECMA-48 8.3.39. */
const CLEAR = '\u001b[2J\u001b[3J\u001b[H'

/** The code of the last round. */
export async function untilInterrupted(host: Host, work: Work): Promise<ExitCode> {
  const interrupted = Promise.withResolvers<undefined>()
  const stopListening = host.onInterrupt(() => interrupted.resolve(undefined))
  const clock = await host.clock()
  try {
    for (;;) {
      // Watched from before the round on, so that what is written meanwhile is seen.
      using watching = host.watch(await work.folders())
      if (host.stdout.terminal && !work.quiet) host.stdout.write(CLEAR)
      const exitCode = await roundOf(host, work)
      if (!work.quiet) host.stdout.write(`\n${moment(clock.now())} waiting for changes, Ctrl-C ends\n`)
      const changed = await Promise.race([nextOf(watching), interrupted.promise])
      if (changed === undefined) return exitCode
      work.forget(changed)
    }
  } finally {
    stopListening()
  }
}

async function nextOf(watching: AsyncIterable<readonly string[]>): Promise<readonly string[] | undefined> {
  for await (const changed of watching) if (changed.some(matters)) return changed
  return undefined
}

/** A log that grows beside the runbooks changes nothing, least of all when it holds what this command prints. */
const matters = (path: string): boolean =>
  /\.(ya?ml|json)$/.test(path) || statSync(path, { throwIfNoEntry: false })?.isFile() !== true

/** What is refused now may be right after the next change. */
async function roundOf(host: Host, work: Work): Promise<ExitCode> {
  try {
    return await work.round()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { describeError } = await import('../describe-error.ts')
    const { text, json } = describeError(error, { colour: wantsColour(host, host.stderr) })
    if (work.quiet) host.stdout.write(`${JSON.stringify(json)}\n`)
    else host.stderr.write(text)
    return error.exitCode
  }
}
