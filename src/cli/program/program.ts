// The tree of commands, arguments and options. It loads no command's code: each is imported when it is called,
// so that `holdfast --help` costs what commander costs.
import { Argument, Command, Option } from 'commander'
import { type Calls, LOG_LEVELS } from '../command.ts'
import { EXIT, EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import type { Shell } from './completion.ts'
import { collect, duration, format, fromOne, portNumber, rate, wholeNumber } from './option-values.ts'
import { addVault } from './vault-program.ts'

type Finish = (exitCode: ExitCode) => void

/** The host as the program's options want it. */
export const colouredAs = ({ color }: { readonly color?: boolean }, host: Host): Host =>
  color === undefined ? host : { ...host, colour: color }

export function createProgram(host: Host, finish: Finish): Command {
  const calls: Calls = (load) =>
    async function (this: Command): Promise<void> {
      const { run } = await load()
      finish(await run(colouredAs(program.opts(), host), this.optsWithGlobals() as never, ...(this.processedArgs as never[])))
    }

  const program = new Command('holdfast')
    .description('Runs declarative runbooks that back up virtual machines, and never leaves behind what they hold.')
    .version(host.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addOption(
      new Option('--config <file>', 'configuration file (default: holdfast.config.yaml, if it is there)').env('HOLDFAST_CONFIG'),
    )
    .addOption(new Option('--log-level <level>', 'what goes into the diagnostic log').choices(LOG_LEVELS).default('info'))
    .option('--color', 'colours also where no person looks; FORCE_COLOR=1 does so, too')
    .option('--no-color', 'no colours; NO_COLOR=1 does so, too')
    .showHelpAfterError('(holdfast --help lists the commands)')
    .addHelpText('after', `\nExit codes: ${exitCodeLine()}`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })

  program.commandsGroup('Write runbooks:')
  program
    .command('check')
    .description('check runbooks, packs and configuration; touches nothing')
    .argument('[what...]', 'files, folders or names of runbooks; without any, all that is in the working directory')
    .option('--verify', 'also try every placement of a few faults in each runbook, unless the same was tried before')
    .option('--faults <count>', 'faults that may come together, for --verify', wholeNumber, 2)
    .option('--items <count>', 'items of a loop over a list that only a run can tell, for --verify', wholeNumber, 2)
    .option('--states <count>', 'give up a runbook after so many states, for --verify', wholeNumber, 300_000)
    .option('--watch', 'check again whenever a file changes, until Ctrl-C')
    .addOption(format('text', 'json', 'sarif'))
    .action(calls(() => import('../commands/check.ts')))
  program
    .command('fmt')
    .description('lay out runbooks and manifests in one way, and name those that changed')
    .argument('[files...]', 'files or folders, - for the standard input; without any, all that is in the working directory')
    .option('--check', 'change nothing, but name those that would change, and end with 3 if there are any')
    .action(calls(() => import('../commands/fmt.ts')))
  program
    .command('migrate')
    .description('bring runbooks and manifests of an older format to the newest')
    .argument('<files...>', 'files')
    .action(calls(() => import('../commands/migrate.ts')))
  program
    .command('explain')
    .description('tell what a diagnostic code means, with an example; without a code, list them all')
    .argument('[code]', 'such as STEP_ID_TAKEN')
    .addOption(format('text', 'json', 'markdown'))
    .action(calls(() => import('../commands/explain.ts')))
  program
    .command('plan')
    .description('show what a run would do, without doing it')
    .argument('<runbook>', 'file or name; or a saved plan, to show it again')
    .addOption(input())
    .addOption(inputsFile())
    .addOption(target())
    .option('--read', 'make the calls that only read, and plan with what they tell')
    .addOption(new Option('--from <run>', 'plan with what an earlier run of the runbook was told').conflicts('read'))
    .addOption(new Option('--rate <size>', 'a second that transfers make, such as 200MiB/s').argParser(rate))
    .option('-o, --out <file>', 'also save the plan, to hold a run to it with run --plan')
    .option('--diff <old>', 'compare with this saved plan; then <runbook> may be a saved plan, too')
    .addOption(format('text', 'json', 'markdown', 'mermaid', 'html'))
    .option('--requests', 'as text: whole requests, also those that only follow a call')
    .option('--unwind', 'as text: what would be released after every step, though it has not changed')
    .option('--items', 'as text: every item of a loop, though its steps are the same as those of another')
    .action(calls(() => import('../commands/plan.ts')))
  program
    .command('verify')
    .description('try every placement of a few faults in a runbook, against what its packs say; touches nothing')
    .argument('<runbook>', 'file or name')
    .addOption(input())
    .addOption(inputsFile())
    .option('--faults <count>', 'faults that may come together: failures, lost answers, crashes, a cancel', wholeNumber, 2)
    .option('--items <count>', 'items of a loop over a list that only a run can tell', wholeNumber, 2)
    .option('--states <count>', 'give up after so many states', wholeNumber, 300_000)
    .option('--table', 'print what each single thing that can go wrong leads to')
    .option('--replay <moves>', 'tell the story of these moves, as a counterexample names them')
    .addOption(format('text', 'json', 'markdown'))
    .action(calls(() => import('../commands/verify.ts')))
  program
    .command('rehearse')
    .description('run a runbook again and again against simulated platforms while things go wrong; touches nothing')
    .argument('<runbook>', 'file or name')
    .addOption(input())
    .addOption(inputsFile())
    .option('--before <runbook>', 'a runbook to run first, whose outputs serve as inputs; repeat for more', collect, [])
    .option('--runs <count>', 'how often', wholeNumber, 100)
    .option('--faults <count>', 'at most so many faults in one run', wholeNumber, 3)
    .option('--seed <text>', 'the same seed gives the same faults', 'holdfast')
    .option('--run <number>', 'only this one of the runs', wholeNumber)
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/rehearse.ts')))
  program
    .command('test')
    .description('play rehearsal files: scripted answers, and what must come of them; touches nothing')
    .argument('[paths...]', 'files, or folders to look for *.rehearsal.yaml in', [])
    .option('-v, --verbose', 'tell every call, also of those that are as expected')
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/test.ts')))
  program
    .command('actions')
    .description('list the actions that packs offer, or show one')
    .argument('[name]', 'a pack, or an action such as sangfor-scp/groupSnapshot.create')
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/actions.ts')))
  program
    .command('schema')
    .description('print a JSON Schema, for editors and other programs')
    .addArgument(
      new Argument('<of>', 'what it describes').choices(['runbook', 'pack', 'config', 'events', 'plan', 'rehearsal', 'alert']),
    )
    .action(calls(() => import('../commands/schema.ts')))
  program
    .command('lsp')
    .description('serve an editor over standard input and output: diagnostics, completion, hover, rename and more')
    .option('--stdio', 'what it does anyway; some editors add it')
    .action(calls(() => import('../commands/lsp.ts')))

  program
    .command('lock')
    .description('write down which packs were reviewed; runbooks then use these and no others')
    .action(calls(() => import('../commands/lock.ts')))

  program.commandsGroup('Run them:')
  program
    .command('run')
    .description('run a runbook')
    .argument('<runbook>', 'file or name')
    .option('--plan <file>', 'hold the run to this saved plan: its inputs and targets, and nothing that it does not say')
    .addOption(input())
    .addOption(inputsFile())
    .addOption(target())
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/run.ts')))
  program
    .command('resume')
    .description('go on with a run whose process died')
    .argument('<run>', 'its id')
    .option('--take-over', 'though its process may still live, on another host or under an older name of this one')
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/resume.ts')))
  program
    .command('cancel')
    .description('ask a run of another process to stop and clean up')
    .argument('<run>', 'its id')
    .option('--reason <text>', 'kept in the journal', 'cancelled by the operator')
    .action(calls(() => import('../commands/cancel.ts')))
  program
    .command('approve')
    .description('answer what a run asks: grant it, or deny it')
    .argument('<run>', 'its id')
    .argument('[step]', 'path of the step that asks; needed only where several do')
    .addOption(
      new Option('-i, --input <key=value>', 'what the answer says; repeat for more').argParser(collect).default([], 'none'),
    )
    .addOption(new Option('-f, --inputs <file>', 'a YAML file with what the answer says; -i wins over it'))
    .option('--by <name>', 'who answers: a record, not an authentication (default: your user name)')
    .addOption(new Option('--deny', 'deny it: the step fails with denied').conflicts(['input', 'inputs']))
    .option('--reason <text>', 'why it is denied')
    .action(calls(() => import('../commands/approve.ts')))
  program
    .command('approvals')
    .description('list what runs ask and nobody has answered')
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/approvals.ts')))
  const runs = program
    .command('runs')
    .description('list runs, newest first')
    .addOption(new Option('--status <status>', 'only these').choices(['running', 'succeeded', 'failed', 'cancelled']))
    .option('--limit <count>', 'at most this many', wholeNumber, 20)
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/runs.ts')))
  runs
    .command('save')
    .description('save a run that has ended as a rehearsal file, to play it again with `holdfast test`')
    .argument('<run>', 'its id')
    .option('--to <folder>', 'where to', '.')
    .action(calls(() => import('../commands/runs-save.ts')))
  runs
    .command('prune')
    .description('remove runs that have ended and owe nothing, once they are old enough')
    .addOption(
      new Option(
        '--older-than <duration>',
        'how long ago they ended, such as 90d (default: retention of the configuration)',
      ).argParser(duration),
    )
    .option('--dry-run', 'only list them')
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/runs-prune.ts')))
  program
    .command('show')
    .description('show one run: timeline, steps and obligations')
    .argument('<run>', 'its id')
    .option('--plan <file>', 'show it beside this saved plan: what was planned, and what happened')
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/show.ts')))
  program
    .command('obligations')
    .description('list what runs still hold on the platforms, critical and oldest first; ends with 5 where something is owed')
    .addOption(new Option('--older-than <duration>', 'only what is held for so long, such as 1h').argParser(duration))
    .option('--target <name>', 'only what is on this target of the configuration')
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/obligations.ts')))
  program
    .command('alert')
    .description('tell the hooks of the configuration what is held too long; each hook hears of each thing once for each age')
    .option('--test', 'only see whether every hook can be told')
    .action(calls(() => import('../commands/alert.ts')))
  program
    .command('reap')
    .description('settle what finished runs still owe')
    .argument('[run]', 'its id; without it every finished run that owes something')
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/reap.ts')))

  program
    .command('sweep')
    .description('compare what stands on a platform with the journal, and name what nobody is going to release; touches nothing')
    .argument('<target>', 'its name in the configuration')
    .option(
      '--prefix <text>',
      'what names that runs give start with; a name with the id of a run in it counts anyway',
      'holdfast-',
    )
    .option('--all', 'as text: also what no run has made')
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/sweep.ts')))

  program.commandsGroup('Look after the data:')
  addVault(program.command('vault').description('create, list, verify and read vaults'), calls)

  program.commandsGroup('Try things out:')
  program
    .command('simulate')
    .description("start a platform's simulator as a server")
    .argument('<platform>', 'a pack, such as sangfor-scp')
    .option('--port <port>', 'port on 127.0.0.1', portNumber, 8780)
    .option('--rate <rate>', 'how many times faster its clock runs', fromOne, 1)
    .option('--seed <text>', 'the same seed gives the same ids and bytes', 'holdfast')
    .option('--faults <file>', 'a script of faults, as JSON')
    .option('--write-config <file>', 'write a configuration that reaches it')
    .action(calls(() => import('../commands/simulate.ts')))
  program
    .command('demo')
    .description('back up and restore VMs on a simulated platform, compare every byte, and show that nothing is left')
    .argument('[platform]', 'a pack', 'sangfor-scp')
    .action(calls(() => import('../commands/demo.ts')))
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', '\nFor bash: source <(holdfast completion bash)')
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./completion.ts')
      host.stdout.write(completionScript(program, shell))
      finish(EXIT.done)
    })
  return program
}

const input = () => new Option('-i, --input <key=value>', 'an input; repeat for more').argParser(collect).default([], 'none')
const inputsFile = () => new Option('-f, --inputs <file>', 'a YAML file with inputs; -i wins over it')
const target = () =>
  new Option(
    '--target <name=target>',
    'bind a target of the runbook to one of the configuration (default: the one of the same name)',
  )
    .argParser(collect)
    .default([], 'none')

const exitCodeLine = (): string =>
  Object.entries(EXIT_CODES)
    .map(([name, { code }]) => `${code} ${name}`)
    .join(', ')
