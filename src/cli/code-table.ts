// What each code of the command line means, for the reference page and SARIF rules. Codes never change meaning.
import type { CodeMeaning } from '../language/index.ts'

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
