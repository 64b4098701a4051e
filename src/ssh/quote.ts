// The one place where arguments become text for a shell.
import { SshFailed } from './failed.ts'

/**
 * A command line that a POSIX shell takes apart into exactly these arguments (POSIX.1-2017, Shell Command Language, 2.2.2). Every
 * argument is quoted: bare, `if` or `a=b` mean something else in the first place. The program takes the shell's place, so that signals reach it.
 */
export function commandLine(argv: readonly [string, ...string[]]): string {
  if (argv.some((each) => each.includes('\0'))) throw new SshFailed('unusable', 'an argument holds a NUL character', false)
  return `exec ${argv.map(quoted).join(' ')}`
}

/** A command that succeeds where the program is there and may be run. What is a word of the shell alone passes, too. */
export const isThere = (program: string): string =>
  program.includes('/') ? `[ -f ${quoted(program)} ] && [ -x ${quoted(program)} ]` : `command -v -- ${quoted(program)} >/dev/null`

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
