// One call of the command line, from argv to exit code. The one place that maps what commands throw to messages and codes.
import { CommanderError } from 'commander'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { type Host, wantsColour } from './host.ts'
import { colouredAs, createProgram } from './program/index.ts'

/** `args` without the program's name. Never throws. */
export async function runCli(args: readonly string[], host: Host): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done
  const program = createProgram(host, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has already said what was wrong; help and version end here as well.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    return explain(error, colouredAs(program.opts(), host), args.includes('json') || args.includes('--format=json'))
  }
}

/** Says what went wrong and what to do next. For JSON, one line like those of the views. */
async function explain(error: unknown, host: Host, asJson: boolean): Promise<ExitCode> {
  const { describeError } = await import('./describe-error.ts')
  const { text, json, exitCode } = describeError(error, { colour: wantsColour(host, host.stderr) })
  if (asJson) host.stdout.write(`${JSON.stringify(json)}\n`)
  else host.stderr.write(text)
  return exitCode
}
