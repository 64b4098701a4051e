// The one place where arguments become text for a shell.
import { SshFailed } from './failed.ts'

/**
 * A command line that a POSIX shell takes apart into exactly these arguments (POSIX.1-2017, Shell Command Language, 2.2.2). Every
 * argument is quoted: bare, `if` or `a=b` mean something else in the first place. The program takes the shell's place, so that signals reach it.
 */
export function commandLine(argv: readonly [string, ...string[]]): string {
  if (argv.some((each) => each.includes('\0'))) throw new SshFailed('unusable', 'an argument holds a NUL character', false)
  return `exec ${argv.map((each) => `'${each.replaceAll("'", "'\\''")}'`).join(' ')}`
}
