// The commands below `holdfast vault`, their arguments and options.
import { Argument, type Command, Option } from 'commander'
import type { Calls } from '../command.ts'
import { collect, duration, format, portNumber, share, wholeNumber } from './options.ts'

export function addVault(vault: Command, calls: Calls): void {
  const password = () =>
    new Option('--password-file <file>', 'file with the password (default: $HOLDFAST_VAULT_PASSWORD)').env(
      'HOLDFAST_VAULT_PASSWORD_FILE',
    )
  const point = () => new Argument('<point>', 'id of a restore point, or as much of it as is unique')
  const folder = () => new Argument('<vault>', 'its folder, or an address that a target of the configuration has')
  vault
    .command('init')
    .description('create a vault in a folder or place that has none')
    .addArgument(folder())
    .addOption(password())
    .action(calls(() => import('../commands/vault-init.ts')))
  vault
    .command('list')
    .description('list restore points, newest first')
    .addArgument(folder())
    .addOption(password())
    .option('--vm <vm>', 'only of this VM')
    .addOption(new Option('--kind <kind>', 'only points that hold this').choices(['disks', 'files']))
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/vault-list.ts')))
  vault
    .command('show')
    .description('show one restore point')
    .addArgument(folder())
    .addArgument(point())
    .addOption(password())
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/vault-show.ts')))
  vault
    .command('verify')
    .description('read everything back and compare it with its hashes')
    .addArgument(folder())
    .addOption(new Option('--data', 'read all data too, as it does unless told otherwise').conflicts(['sample', 'structure']))
    .option('--sample <share>', 'read only so much of the data, such as 5%, chosen anew each time', share)
    .addOption(new Option('--structure', 'read no data, only what describes it').conflicts('sample'))
    .addOption(password())
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/vault-verify.ts')))
  vault
    .command('restore')
    .description('write the disks of a restore point as images, or its files, into a folder; or a disk to a device')
    .addArgument(folder())
    .addArgument(point())
    .requiredOption(
      '--to <where>',
      'a folder without files of the same names; for one disk also a block device or an nbd:// address',
    )
    .option('--disk <disk>', 'only this disk')
    .addOption(new Option('--image <format>', 'of the files').choices(['raw', 'qcow2']).default('raw'))
    .option('--overwrite', 'lose what is on the device or export')
    .option(
      '--include <path>',
      'only this file or folder of a point of files, or a pattern such as etc/*.conf; repeat for more',
      collect,
      [],
    )
    .option('--resume', 'go on where an earlier try left off: what it finished stays')
    .addOption(password())
    .action(calls(() => import('../commands/vault-restore.ts')))
  vault
    .command('export')
    .description('serve restore points over NBD, until Ctrl-C; the vault is only read')
    .addArgument(folder())
    .addArgument(new Argument('[points...]', 'serve only these'))
    .addOption(new Option('--socket <path>', 'a unix socket, of this user alone').conflicts(['port', 'listen']))
    .option('--port <port>', 'any free one when it is 0', portNumber, 10809)
    .option('--listen <address>', 'of this host; others than its own need --tls', '127.0.0.1')
    .option('--tls <folder>', 'ca-cert.pem, server-cert.pem and server-key.pem; clients need a certificate of that authority')
    .option('--copy-on-write', 'let clients write, such as a VM that boots; all of that ends with the server')
    .addOption(
      new Option('--scratch <folder>', "for what is written (default: the system's folder for temporary files)").implies({
        copyOnWrite: true,
      }),
    )
    .addOption(password())
    .action(calls(() => import('../commands/vault-export.ts')))
  vault
    .command('diff')
    .description('what changed between two restore points')
    .addArgument(folder())
    .addArgument(new Argument('<from>', 'the earlier one'))
    .addArgument(new Argument('<to>', 'the later one'))
    .option('--ranges', 'print each changed range of the disks')
    .addOption(password())
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/vault-diff.ts')))
  vault
    .command('stats')
    .description('how much a vault holds, what sharing and compression save, how it grew')
    .addArgument(folder())
    .addOption(password())
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/vault-stats.ts')))
  vault
    .command('forget')
    .description('remove restore points by rule, of each VM apart, or those that are named; no other point needs them')
    .addArgument(folder())
    .addArgument(new Argument('[points...]', 'remove these'))
    .option('--keep-last <count>', 'keep the newest so many', wholeNumber)
    .option('--keep-hourly <count>', 'keep the newest of each of so many hours', wholeNumber)
    .option('--keep-daily <count>', 'keep the newest of each of so many days (UTC)', wholeNumber)
    .option('--keep-weekly <count>', 'keep the newest of each of so many weeks', wholeNumber)
    .option('--keep-monthly <count>', 'keep the newest of each of so many months', wholeNumber)
    .option('--keep-yearly <count>', 'keep the newest of each of so many years', wholeNumber)
    .addOption(new Option('--keep-within <duration>', 'keep what is this much older than the newest at most').argParser(duration))
    .option('--vm <vm>', 'only points of this VM')
    .option('--dry-run', 'say what would be removed, and remove nothing')
    .addOption(password())
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/vault-forget.ts')))
  vault
    .command('prune')
    .description('free the space of what no restore point needs')
    .addArgument(folder())
    .option('--max-unused <share>', 'how much may stay unused, so that less is written anew', share, 0.05)
    .option('--dry-run', 'say what would be freed, and change nothing')
    .addOption(password())
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/vault-prune.ts')))
  vault
    .command('repair')
    .description('drop what is broken and keep the rest: save what packs still hold, rebuild the index')
    .addArgument(folder())
    .option('--drop-points', 'also remove restore points that cannot be restored whole')
    .option('--dry-run', 'say what is broken, and change nothing')
    .addOption(password())
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/vault-repair.ts')))
  vault
    .command('unlock')
    .description('show the locks of a vault, and remove those whose process is gone')
    .addArgument(folder())
    .option('--all', 'remove those that are held or cannot be read, too: only when nothing else uses the vault')
    .option('--dry-run', 'show them, and remove none')
    .addOption(password())
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/vault-unlock.ts')))
  addFiles(
    vault.command('files').description('single files of a restore point, of files or of disks'),
    calls,
    folder,
    point,
    password,
  )
  addKeys(vault.command('keys').description('the passwords that open a vault'), calls, folder, password)
}

function addFiles(files: Command, calls: Calls, folder: () => Argument, point: () => Argument, password: () => Option): void {
  files
    .command('list')
    .description('list what is in a folder; without a path the volumes of the disks, or the folders that were backed up')
    .addArgument(folder())
    .addArgument(point())
    .addArgument(new Argument('[path]', 'such as ide0/1/etc: disk, partition, and the path in it'))
    .addOption(password())
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/vault-files-list.ts')))
  files
    .command('get')
    .description('take files and folders out, with their permissions and times')
    .addArgument(folder())
    .addArgument(point())
    .addArgument(new Argument('<paths...>', "as `list` shows them, or patterns such as 'ide0/1/etc/*.conf' or '**/hosts'"))
    .requiredOption('--to <folder>', 'an empty folder, or a new one')
    .addOption(password())
    .action(calls(() => import('../commands/vault-files-get.ts')))
}

function addKeys(keys: Command, calls: Calls, folder: () => Argument, password: () => Option): void {
  const newPassword = () =>
    new Option('--new-password-file <file>', 'file with the new password (default: $HOLDFAST_VAULT_NEW_PASSWORD)').env(
      'HOLDFAST_VAULT_NEW_PASSWORD_FILE',
    )
  keys
    .command('list')
    .description('list the keys')
    .addArgument(folder())
    .addOption(password())
    .addOption(format('text', 'json'))
    .action(calls(() => import('../commands/vault-keys.ts')))
  keys
    .command('add')
    .description('add a password')
    .addArgument(folder())
    .addOption(password())
    .addOption(newPassword())
    .action(calls(() => import('../commands/vault-keys-add.ts')))
  keys
    .command('remove')
    .description('remove a password; the one that is given stays')
    .addArgument(folder())
    .addArgument(new Argument('<key>', 'its id, or as much of it as is unique'))
    .addOption(password())
    .action(calls(() => import('../commands/vault-keys-remove.ts')))
  keys
    .command('change')
    .description('put a new password in place of the one that is given')
    .addArgument(folder())
    .addOption(password())
    .addOption(newPassword())
    .action(calls(() => import('../commands/vault-keys-change.ts')))
}
