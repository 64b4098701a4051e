// A Windows program is given one text, which it takes apart by itself; most do as Microsoft's C runtime does. Written so that those get
// exactly the arguments meant. (Microsoft C runtime, "Parsing C command-line arguments")
import { NotStarted } from '../programs.ts'

export interface CommandLine {
  readonly program: string
  /** Everything behind the program. */
  readonly rest: string
}

/** Throws `NotStarted` where there is no way to hand the arguments over as they are. */
export function commandLine([program, ...args]: readonly [string, ...string[]]): CommandLine {
  if ([program, ...args].some((each) => each.includes('\0'))) throw new NotStarted('an argument holds a NUL character')
  // No quoting keeps a quotation mark in the name of a program.
  if (program === '' || program.includes('"')) throw new NotStarted(`${JSON.stringify(program)} cannot be the name of a program`)
  const special = isTakenApartByCmd(program) ? args.find((each) => CMD_SPECIAL.test(each)) : undefined
  if (special !== undefined) {
    throw new NotStarted(
      `cmd.exe would make something else of ${JSON.stringify(special)}, and there is no way to quote it for good`,
    )
  }
  return { program: /\s/.test(program) ? `"${program}"` : program, rest: args.map(quoted).join(' ') }
}

/** The command interpreter itself, and the files that Windows gives to it whoever starts them. */
const isTakenApartByCmd = (program: string): boolean => /(^|[\\/])cmd(\.exe)?$|\.(bat|cmd)$/i.test(program)

const CMD_SPECIAL = /["%!^&|<>()@\r\n]/

/** Backslashes count only before a quotation mark: there each is written twice. */
const quoted = (text: string): string =>
  text !== '' && !/[\s"]/.test(text) ? text : `"${text.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`
