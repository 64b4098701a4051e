// The commands below `holdfast vault`, their arguments and options.
import { Argument, type Command, Option } from 'commander'
import type { Calls } from './command.ts'
import { collect, format, portNumber } from './option-values.ts'

export function addVault(vault: Command, calls: Calls): void {
  const password = () =>
    new Option('--password-file <file>', 'file with the password (default: $HOLDFAST_VAULT_PASSWORD)').env(
      'HOLDFAST_VAULT_PASSWORD_FILE',
    )
  const point = () => new Argument('<point>', 'id of a restore point, or as much of it as is unique')
  const folder = () => new Argument('<vault>', 'its folder')
  vault
    .command('init')
    .description('create a vault in an empty folder')
    .addArgument(folder())
    .addOption(password())
    .action(calls(() => import('./commands/vault-init.ts')))
  vault
    .command('list')
    .description('list restore points, newest first')
    .addArgument(folder())
    .addOption(password())
    .option('--vm <vm>', 'only of this VM')
    .addOption(new Option('--kind <kind>', 'only points that hold this').choices(['disks', 'files']))
    .addOption(format('text', 'json'))
    .action(calls(() => import('./commands/vault-list.ts')))
  vault
    .command('show')
    .description('show one restore point')
    .addArgument(folder())
    .addArgument(point())
    .addOption(password())
    .addOption(format('text', 'json'))
    .action(calls(() => import('./commands/vault-show.ts')))
  vault
    .command('verify')
    .description('read everything back and compare it with its hashes')
    .addArgument(folder())
    .addOption(password())
    .addOption(format('text', 'json'))
    .action(calls(() => import('./commands/vault-verify.ts')))
  vault
    .command('restore')
    .description('write the disks of a restore point as raw files, or its files, into a folder')
    .addArgument(folder())
    .addArgument(point())
    .requiredOption('--to <folder>', 'where; it must not hold files of the same names')
    .option('--disk <disk>', 'only this disk')
    .option('--include <path>', 'only this file or folder of a point of files; repeat for more', collect, [])
    .option('--resume', 'go on where an earlier try left off: what it finished stays')
    .addOption(password())
    .action(calls(() => import('./commands/vault-restore.ts')))
  vault
    .command('export')
    .description('serve restore points read-only over NBD, until Ctrl-C')
    .addArgument(folder())
    .addArgument(new Argument('[point]', 'list only the disks of this one'))
    .option('--port <port>', 'port on 127.0.0.1', portNumber, 10809)
    .addOption(password())
    .action(calls(() => import('./commands/vault-export.ts')))
}
