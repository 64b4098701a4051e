// What the command line itself tells people: files, configuration, inputs, targets, runs. One builder per code.
import type { Diagnostic, Span } from '../diagnostics/index.ts'
import type { CodeMeaning } from '../language/index.ts'
import { formatCount } from '../values/index.ts'

/** What each code means, for the reference page and for SARIF. Codes never change meaning. */
export const cliCodes = {
  ACTION_NOT_FOUND: {
    title: 'There is no action or pack of this name',
    explanation: 'Names are those of the packs that come with Holdfast and of those that the configuration adds.',
  },
  ALERTS_NOT_CONFIGURED: {
    title: 'There is nobody to tell',
    explanation: 'The configuration names under `alerts` the programs and webhooks that are told of what is held too long.',
  },
  ALERT_FAILED: {
    title: 'An alert did not arrive',
    explanation:
      'A hook under `alerts` of the configuration could not be told. How the run ended does not change; the next `holdfast alert` tries again.',
  },
  APPROVAL_AMBIGUOUS: {
    title: 'A run asks more than one question',
    explanation: 'Name the step whose question is answered; `holdfast approvals` lists them.',
  },
  APPROVAL_NOT_WAITING: {
    title: 'No question waits there for an answer',
    explanation:
      'The run does not ask, does not ask any more, or has its answer already: the first one counts. After its time-out a question takes no answer.',
  },
  APPROVER_NOT_LISTED: {
    title: 'Somebody else has to answer',
    explanation:
      'The runbook lists who may answer. --by says who you are; it is a record of who answered, and authenticates nobody.',
  },
  CONFIG_INVALID: {
    title: 'A setting has the wrong form',
    explanation: 'The message says what is expected at this place of the configuration.',
  },
  CONFIG_KEY_MISSING: {
    title: 'A required setting is missing',
    explanation: 'The place that is pointed at needs this setting; `holdfast schema config` describes all of them.',
  },
  CONFIG_KEY_UNKNOWN: {
    title: 'There is no setting of this name',
    explanation: 'Unknown settings are refused, so that a typing error is never ignored.',
  },
  CONFIG_NOT_FOUND: {
    title: 'The configuration file that was named does not exist',
    explanation:
      'Name one with --config or HOLDFAST_CONFIG, or leave it out to use holdfast.config.yaml of the working directory.',
  },
  CONFIG_CONNECTION_UNKNOWN: {
    title: 'A target names a connection type that no pack has',
    explanation: 'It is written <pack>/<Type>. The setting `packs` adds folders of packs.',
  },
  CODE_NOT_FOUND: {
    title: 'There is no diagnostic code of this name',
    explanation: '`holdfast explain` without a code lists them all.',
  },
  DIFF_FORMAT_UNFIT: {
    title: 'A comparison of plans cannot be printed so',
    explanation: 'Differences are printed as text, JSON or Markdown; drawings are of one plan.',
  },
  FILE_EXISTS: {
    title: 'A file is there already',
    explanation: 'Restores never overwrite. Name another folder, or remove the file.',
  },
  FILE_UNREADABLE: {
    title: 'A file or folder could not be read',
    explanation: 'The message holds what the operating system answered.',
  },
  FAULTS_INVALID: {
    title: 'A script of faults cannot be read',
    explanation:
      'What `holdfast simulate --faults` names is a JSON list of faults; the message says what is expected at which place.',
  },
  INPUTS_INVALID: {
    title: 'An input has the wrong form',
    explanation: 'The message says what the schema of the runbook expects.',
  },
  INPUTS_KEY_MISSING: {
    title: 'A required input is missing',
    explanation: 'Give it with -i name=value or in the file of -f.',
  },
  INPUTS_KEY_UNKNOWN: {
    title: 'The runbook has no input of this name',
    explanation: 'Unknown inputs are refused, so that a typing error is never ignored.',
  },
  INPUT_MALFORMED: {
    title: 'An input on the command line has no =',
    explanation: 'Inputs are written -i name=value.',
  },
  INPUT_SECRET: {
    title: 'A secret is given as it is',
    explanation:
      'A run keeps its inputs in its journal, and shows them. So an input that is marked x-secret is given where its value is to be had: an environment variable, a file or a command. The run holds this reference, and each call that needs the secret gets it anew.',
  },
  JOURNAL_UNUSABLE: {
    title: 'The journal cannot be used',
    explanation:
      'The file in the state directory is damaged, lacks what was written to it, is no journal, is one of a newer Holdfast, or cannot be written. It is left as it is: nothing of it is guessed. Put it back from a copy, with the -wal and -count beside it, make room, or name another state directory.',
  },
  NOTHING_TO_CHECK: {
    title: 'There is nothing to check at the places that were named',
    explanation: 'Runbooks end in .runbook.yaml, packs have a pack.yaml, the configuration is holdfast.config.yaml.',
  },
  NOTHING_TO_FORMAT: {
    title: 'There is nothing to format at the places that were named',
    explanation: 'Of a folder, files that end in .runbook.yaml and those called pack.yaml are formatted.',
  },
  CONFIG_PACK_MISSING: {
    title: 'A folder of the configuration is no pack',
    explanation: 'Each folder under `packs` holds a pack.yaml; relative paths start from the configuration file.',
  },
  RETENTION_UNKNOWN: {
    title: 'Nobody has said how long runs are kept',
    explanation: 'It is said by --older-than, or by `retention` in the configuration. Without either nothing is removed.',
  },
  RUNBOOK_NOT_FOUND: {
    title: 'There is no runbook of this name',
    explanation: 'Give a file, or the name of a runbook of a pack.',
  },
  RUN_INTERRUPTED: {
    title: 'A run holds something, and no process performs it',
    explanation:
      'Its process died or was made to leave at once. `holdfast resume` goes on with it, and lets go of what it holds.',
  },
  RUN_NOT_FOUND: {
    title: 'The journal has no run of this id',
    explanation: 'The journal lies in the state directory, which the configuration names.',
  },
  RUN_NOT_RESUMABLE: {
    title: 'The run cannot be taken up',
    explanation:
      'It has ended, or the process that performs it still lives. `holdfast cancel` stops a living one, with clean-up.',
  },
  RUN_TAKEN_OVER: {
    title: 'Another process has taken the run over',
    explanation:
      'A run has one owner; this process stopped before its next call. Nothing is lost: the other one goes on from the journal.',
  },
  SECRET_LITERAL: {
    title: 'A secret stands in the configuration file itself',
    explanation:
      'Files are copied, shown and kept. Name where the secret is to be had: an environment variable, a file or a command.',
  },
  SECRET_UNRESOLVED: {
    title: 'A secret could not be had',
    explanation: 'The variable is not set, the file cannot be read or is empty, or the command failed.',
  },
  NOTHING_TO_TEST: {
    title: 'There is no rehearsal file',
    explanation: 'Files to test end in .rehearsal.yaml; folders are searched for them.',
  },
  REHEARSAL_FAILS: {
    title: 'A rehearsal fails where nothing goes wrong',
    explanation:
      'Faults tell nothing of a runbook that does not succeed, or leaves something behind, without any. Correct it or its inputs first.',
  },
  REHEARSAL_INVALID: {
    title: 'A value of a rehearsal file has the wrong form',
    explanation: 'The message says what is expected at this place; docs/formats/rehearsal.md describes the format.',
  },
  REHEARSAL_KEY_MISSING: {
    title: 'A rehearsal file lacks a required key',
    explanation: 'The map that is pointed at needs this key.',
  },
  REHEARSAL_KEY_UNKNOWN: {
    title: 'A key is not part of a rehearsal file',
    explanation: 'Unknown keys are refused, so that a typing error is never ignored.',
  },
  REHEARSAL_INPUT_MISSING: {
    title: 'A rehearsal lacks an input',
    explanation:
      'Stand-ins offer what is on their platform, such as VMs and groups. What they do not know is given with -i, or output by a runbook of --before.',
  },
  STAND_IN_MISSING: {
    title: 'Nothing can stand in for a target',
    explanation: 'A platform that can be rehearsed brings a simulator with a stand-in; this one does not.',
  },
  RUN_NOT_ENDED: {
    title: 'A run has not ended yet',
    explanation: 'How it ends is part of what is asked for. Wait for its end, resume it, or cancel it.',
  },
  DEMO_MISSING: {
    title: 'The platform has no demonstration',
    explanation: 'Some packs contribute a story of backup and restore on a simulated platform; this one does not.',
  },
  SIMULATOR_MISSING: {
    title: 'The platform has no simulator',
    explanation: 'Some packs contribute a server that speaks the API of the platform; this one does not.',
  },
  SWEEP_UNKNOWN: {
    title: 'Nobody can tell what stands on the platform',
    explanation:
      'A pack says under `sweep` of a resource type which reads list all there are. No resource type of this connection does.',
  },
  TARGET_MALFORMED: {
    title: 'A target on the command line has no =',
    explanation: "Targets are bound with --target name=target: the runbook's name for it, then the configuration's.",
  },
  TARGET_TYPE_WRONG: {
    title: 'A target is bound to one of another connection type',
    explanation: 'A runbook says for each of its targets which connection type it takes.',
  },
  TARGET_UNBOUND: {
    title: 'Nothing is configured for a target of the runbook',
    explanation: 'Without --target, a target is bound to the configured one of the same name.',
  },
  TARGET_NOT_FOUND: {
    title: 'There is no target of this name',
    explanation: 'It is missing in the runbook or in the configuration; the message says where.',
  },
  RESTORE_TARGET_UNFIT: {
    title: 'A disk cannot be restored there as it was asked',
    explanation:
      'Into a folder all disks go as files, which are never overwritten. A block device or an NBD export takes one raw disk, and loses what is on it, so `--overwrite` has to say that this is meant.',
  },
  EXPORT_ADDRESS_UNFIT: {
    title: 'Restore points cannot be served there',
    explanation:
      'Without TLS only this host may connect: a unix socket, or an address such as 127.0.0.1. Certificates open it to other hosts. Otherwise the message holds what the operating system answered.',
  },
  PROGRAM_MISSING: {
    title: 'A program that this needs is not installed',
    explanation:
      'Holdfast leaves image formats to qemu-img, and the file systems of disks to guestfish. Install the package that the hint names, or do without the option.',
  },
  PROGRAM_FAILED: {
    title: 'A program that was started has failed',
    explanation: 'The message ends with what the program said.',
  },
  VAULT_PASSWORD_MISSING: {
    title: 'No password for the vault was given',
    explanation:
      'It comes from HOLDFAST_VAULT_PASSWORD or from the file that --password-file names; never from the command line, which others can see.',
  },
} as const satisfies Readonly<Record<string, CodeMeaning>>

export type CliCode = keyof typeof cliCodes

interface Place {
  readonly span?: Span | undefined
  readonly hint?: string | undefined
}

const error = (code: CliCode, message: string, { span, hint }: Place = {}): Diagnostic => ({
  code,
  severity: 'error',
  message,
  ...(span ? { span } : {}),
  ...(hint === undefined ? {} : { hint }),
})
const meant = (word: string | undefined, otherwise?: string): string | undefined => (word ? `Did you mean ${word}?` : otherwise)

export const fileUnreadable = (path: string, reason: string): Diagnostic =>
  error('FILE_UNREADABLE', `cannot read ${path}: ${reason}`)

export const diffFormatUnfit = (format: string): Diagnostic =>
  error('DIFF_FORMAT_UNFIT', `a comparison of plans cannot be printed as ${format}`, { hint: 'Choose text, json or markdown.' })

export const fileExists = (path: string): Diagnostic =>
  error('FILE_EXISTS', `${path} is there already`, { hint: 'Name another one, or remove it.' })

export const configNotFound = (path: string): Diagnostic =>
  error('CONFIG_NOT_FOUND', `there is no configuration file ${path}`, { hint: 'Name one with --config or HOLDFAST_CONFIG.' })

export const connectionUnknown = (type: string, span: Span, nearest: string | undefined): Diagnostic =>
  error('CONFIG_CONNECTION_UNKNOWN', `no pack has a connection type ${type}`, {
    span,
    hint: meant(nearest, 'It is written <pack>/<Type>; `packs` in this file adds folders of packs.'),
  })

export const secretLiteral = (setting: string, span: Span): Diagnostic =>
  error('SECRET_LITERAL', `${setting} is a secret and must not stand in this file`, {
    span,
    hint: `Write where it is to be had: ${setting}: { env: NAME }, { file: path } or { command: [program, argument] }.`,
  })

export const secretUnresolved = (target: string, setting: string, reason: string, span: Span | undefined): Diagnostic =>
  error('SECRET_UNRESOLVED', `cannot get ${setting} of target ${target}: ${reason}`, { span })

export const nothingToCheck = (places: readonly string[]): Diagnostic =>
  error('NOTHING_TO_CHECK', `nothing to check in ${places.join(', ')}`, {
    hint: 'Runbooks end in .runbook.yaml, packs have a pack.yaml, the configuration is holdfast.config.yaml.',
  })

export const nothingToFormat = (places: readonly string[]): Diagnostic =>
  error('NOTHING_TO_FORMAT', `nothing to format in ${places.join(', ')}`, {
    hint: 'Runbooks end in .runbook.yaml, manifests are called pack.yaml.',
  })

export const runbookNotFound = (name: string, nearest: string | undefined): Diagnostic =>
  error('RUNBOOK_NOT_FOUND', `there is no runbook ${name}`, {
    hint: meant(nearest, 'Give a file, or a name such as sangfor-scp/vm-backup.'),
  })

export const packMissing = (directory: string, span: Span): Diagnostic =>
  error('CONFIG_PACK_MISSING', `there is no pack.yaml in ${directory}`, { span })

export const actionNotFound = (name: string, nearest: string | undefined): Diagnostic =>
  error('ACTION_NOT_FOUND', `there is no action or pack ${name}`, { hint: meant(nearest, '`holdfast actions` lists them.') })

export const codeNotFound = (code: string, nearest: string | undefined): Diagnostic =>
  error('CODE_NOT_FOUND', `there is no diagnostic code ${code}`, { hint: meant(nearest, '`holdfast explain` lists them.') })

export const inputMalformed = (text: string): Diagnostic =>
  error('INPUT_MALFORMED', `-i ${text} has no =`, { hint: 'Write -i key=value.' })

export const targetMalformed = (text: string): Diagnostic =>
  error('TARGET_MALFORMED', `--target ${text} has no =`, {
    hint: "Write --target name=target: the runbook's name, then the configuration's.",
  })

export const targetUnknown = (name: string, where: string, nearest: string | undefined): Diagnostic =>
  error('TARGET_NOT_FOUND', `${where} has no target ${name}`, { hint: meant(nearest) })

export const targetUnbound = (name: string, type: string): Diagnostic =>
  error('TARGET_UNBOUND', `nothing is configured for target ${name} (${type})`, {
    hint: `Add targets.${name} with connection: ${type} to the configuration, or bind another with --target ${name}=….`,
  })

/** `fitting`: configured targets of the wanted type. */
export const targetTypeWrong = (
  name: string,
  wanted: string,
  bound: string,
  type: string,
  fitting: readonly string[],
): Diagnostic =>
  error('TARGET_TYPE_WRONG', `target ${name} takes a ${wanted}, but ${bound} is a ${type}`, {
    hint:
      fitting.length > 0
        ? `Bind it with ${fitting.map((each) => `--target ${name}=${each}`).join(' or ')}.`
        : `Add a target with connection: ${wanted} to the configuration, and bind it with --target ${name}=….`,
  })

export const approvalAmbiguous = (id: string, steps: readonly string[]): Diagnostic =>
  error('APPROVAL_AMBIGUOUS', `run ${id} asks ${steps.length} questions: ${steps.join(', ')}`, {
    hint: 'Name one of them behind the run.',
  })

export const approvalNotWaiting = (id: string, step: string | undefined, waiting: readonly string[]): Diagnostic =>
  error(
    'APPROVAL_NOT_WAITING',
    step === undefined ? `run ${id} waits for no approval` : `${step} of run ${id} waits for no approval`,
    {
      hint:
        waiting.length > 0
          ? `These wait: ${waiting.join(', ')}.`
          : `\`holdfast approvals\` lists what waits; \`holdfast show ${id}\` tells how it stands.`,
    },
  )

export const approverNotListed = (name: string, step: string, by: readonly string[]): Diagnostic =>
  error('APPROVER_NOT_LISTED', `${name} may not answer ${step}: that is for ${by.join(' or ')}`, {
    hint: 'Say who you are with --by.',
  })

export const runInterrupted = (id: string, held: number): Diagnostic =>
  error('RUN_INTERRUPTED', `run ${id} is interrupted and still holds ${formatCount(held, 'thing')}`, {
    hint: `\`holdfast resume ${id}\` lets go of what it holds; \`holdfast obligations\` lists it.`,
  })

export const runNotFound = (id: string): Diagnostic =>
  error('RUN_NOT_FOUND', `the journal has no run ${id}`, { hint: '`holdfast runs` lists them; --config tells which journal.' })

export const runNotResumable = (id: string, message: string, { living = false } = {}): Diagnostic =>
  error('RUN_NOT_RESUMABLE', message, {
    hint: `\`holdfast show ${id}\` tells how it stands${living ? `; \`holdfast cancel ${id}\` stops it where it is performed` : ''}.`,
  })

export const runTakenOver = (id: string): Diagnostic =>
  error('RUN_TAKEN_OVER', `run ${id} is performed by another process now`, {
    hint: `\`holdfast show ${id}\` tells how it goes on.`,
  })

export const demoMissing = (name: string, those: readonly string[]): Diagnostic =>
  error('DEMO_MISSING', `${name} has no demonstration`, { hint: `There is one for ${those.join(', ')}.` })

export const simulatorMissing = (name: string, those: readonly string[]): Diagnostic =>
  error('SIMULATOR_MISSING', `${name} has no simulator`, {
    hint: those.length > 0 ? `There is one for ${those.join(', ')}.` : undefined,
  })

export const nothingToTest = (where: readonly string[]): Diagnostic =>
  error('NOTHING_TO_TEST', `no rehearsal file in ${where.join(', ')}`, { hint: 'Their names end in .rehearsal.yaml.' })

export const runNotEnded = (id: string): Diagnostic =>
  error('RUN_NOT_ENDED', `run ${id} has not ended yet`, { hint: `\`holdfast show ${id}\` tells how far it is.` })

export const standInMissing = (connections: readonly string[]): Diagnostic =>
  error('STAND_IN_MISSING', `nothing can stand in for ${connections.join(', ')}`, {
    hint: 'Verify the runbook instead: that needs no platform.',
  })

export const inputsUnknownToStandIns = (runbook: string, names: readonly string[]): Diagnostic =>
  error('REHEARSAL_INPUT_MISSING', `no stand-in knows what ${runbook} wants as ${names.join(', ')}`, {
    hint: 'Give it with -i name=value, or name a runbook that outputs it with --before.',
  })

export const rehearsalFails = (runbook: string, why: string): Diagnostic =>
  error('REHEARSAL_FAILS', `${runbook} fails though nothing goes wrong: ${why}`, {})

export const restoreTargetUnfit = (target: string, reason: string): Diagnostic =>
  error('RESTORE_TARGET_UNFIT', `cannot restore to ${target}: ${reason}`)

export const exportAddressUnfit = (address: string, reason: string): Diagnostic =>
  error('EXPORT_ADDRESS_UNFIT', `cannot serve restore points on ${address}: ${reason}`, {
    hint: 'Serve on --socket or --port of this host, or name certificates with --tls.',
  })

export const programMissing = (program: string, debianPackage: string): Diagnostic =>
  error('PROGRAM_MISSING', `${program} is not installed`, { hint: `On Debian: apt-get install ${debianPackage}` })

export const programFailed = (program: string, said: string): Diagnostic => error('PROGRAM_FAILED', `${program} failed: ${said}`)

export const vaultPasswordMissing = (which: 'present' | 'new' = 'present'): Diagnostic =>
  which === 'new'
    ? error('VAULT_PASSWORD_MISSING', 'no new password for the vault', {
        hint: 'Set HOLDFAST_VAULT_NEW_PASSWORD, or name a file with --new-password-file.',
      })
    : error('VAULT_PASSWORD_MISSING', 'no password for the vault', {
        hint: 'Set HOLDFAST_VAULT_PASSWORD, or name a file with --password-file.',
      })

export const inputSecret = (name: string): Diagnostic =>
  error('INPUT_SECRET', `${name} is secret, and a run would write it into its journal`, {
    hint: `Name where it is to be had: { env: NAME }, { file: path } or { command: [program, argument] }; such as -i '${name}={ env: NAME }'.`,
  })

export const inputSecretUnresolved = (why: string): Diagnostic =>
  error('SECRET_UNRESOLVED', `a secret among the inputs cannot be had: ${why}`)

export const alertsNotConfigured = (file: string | undefined): Diagnostic =>
  error('ALERTS_NOT_CONFIGURED', `${file ?? 'the configuration'} names no alerts`, {
    hint: 'Write alerts: { hooks: [{ command: [program, argument] }] }, or a webhook: { url: … }.',
  })

export const alertFailed = (hook: string, why: string): Diagnostic => ({
  ...error('ALERT_FAILED', `the ${hook} was not told: ${why}`, {
    hint: '`holdfast alert` tries again; `holdfast alert --test` shows whether it arrives.',
  }),
  severity: 'warning',
})

export const sweepUnknown = (target: string, connection: string): Diagnostic =>
  error('SWEEP_UNKNOWN', `no pack can list what stands on ${target}, a ${connection}`, {
    hint: 'Its pack may declare sweep on a resource type; docs/guide/vendors.md tells how.',
  })

export const retentionUnknown = (file: string | undefined): Diagnostic =>
  error('RETENTION_UNKNOWN', `neither --older-than nor ${file ?? 'a configuration'} says how long runs are kept`, {
    hint: 'Say --older-than 90d, or write retention: 90d into the configuration.',
  })
