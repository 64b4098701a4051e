// What the command line itself tells people: files, configuration, inputs, targets, runs. One builder per code.
// What a code means to its reader stands in `code-table.ts`.
import type { Diagnostic, Span } from '../diagnostics/index.ts'
import { formatCount } from '../values/index.ts'
import type { CliCode } from './code-table.ts'

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
