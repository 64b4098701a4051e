// The commands for who writes runbooks and packs: their arguments and options.
import { Argument, type Command, Option } from 'commander'
import type { Calls } from '../command.ts'
import { collect, format, input, inputsFile, rate, target, wholeNumber } from './options.ts'

export function addWriting(program: Command, calls: Calls): void {
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
}
