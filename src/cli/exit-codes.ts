// The exit codes of every command: one table, from which docs/reference/exit-codes.md is made. A code never changes meaning.

export const EXIT_CODES = {
  done: { code: 0, meaning: 'The command did what it was asked to do.', next: 'Nothing.' },
  failed: {
    code: 1,
    meaning: 'It failed, and everything it held on the platforms has been released.',
    next: 'Read the failure; `holdfast show RUN` has every step. Starting the same run again is safe.',
  },
  usage: {
    code: 2,
    meaning: 'The command line, a file name, an input, a target or the installation is wrong. Nothing was touched.',
    next: 'Read the message; `holdfast help COMMAND` lists what a command takes.',
  },
  checkFailed: {
    code: 3,
    meaning:
      'A runbook, pack, configuration or vault has errors, or `fmt --check` found a file that is not laid out. Nothing was touched.',
    next: 'Fix what the diagnostics point at.',
  },
  cancelled: {
    code: 4,
    meaning: 'The run was cancelled, and everything it held has been released; or Ctrl-C ended a command on a vault.',
    next: 'Nothing, or start it again.',
  },
  owing: {
    code: 5,
    meaning:
      'Something is still held on a platform, and no living run is going to release it: a release kept failing, Holdfast was made to leave at once, or a process died.',
    next: '`holdfast obligations` lists it. `holdfast resume RUN` goes on with an unfinished run; `holdfast reap` settles what a finished run owes.',
  },
  planDiffers: {
    code: 6,
    meaning: 'A run would not do what its plan says, or two plans differ. Nothing was touched.',
    next: 'Read what differs. Plan again, and have the new plan approved.',
  },
  bug: {
    code: 70,
    meaning: 'Holdfast itself went wrong. What a run held is in the journal.',
    next: 'Report it with what was printed. `holdfast resume RUN` lets go of what a run held.',
  },
} as const satisfies Readonly<Record<string, { code: number; meaning: string; next: string }>>

export type ExitName = keyof typeof EXIT_CODES
export type ExitCode = (typeof EXIT_CODES)[ExitName]['code']

/** `EXIT.done` is 0, and so on through the table. */
export const EXIT = Object.fromEntries(Object.entries(EXIT_CODES).map(([name, { code }]) => [name, code])) as {
  readonly [Name in ExitName]: (typeof EXIT_CODES)[Name]['code']
}
