// The commands that run runbooks, and look after what runs hold: their arguments and options.
import { type Command, Option } from 'commander'
import type { Calls } from '../command.ts'
import { collect, duration, format, input, inputsFile, target, wholeNumber } from './options.ts'

export function addRunning(program: Command, calls: Calls): void {
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
}
