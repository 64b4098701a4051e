// The tree of commands, arguments and options. It loads no command's code: each is imported when it is called,
// so that `holdfast --help` costs what commander costs.
import { Argument, Command, Option } from 'commander'
import { type Calls, LOG_LEVELS } from '../command.ts'
import { EXIT, EXIT_CODES, type ExitCode } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import type { Shell } from './completion.ts'
import { fromOne, portNumber } from './options.ts'
import { addRunning } from './running.ts'
import { addVault } from './vault.ts'
import { addWriting } from './writing.ts'

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
  addWriting(program, calls)

  program.commandsGroup('Run them:')
  addRunning(program, calls)

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

const exitCodeLine = (): string =>
  Object.entries(EXIT_CODES)
    .map(([name, { code }]) => `${code} ${name}`)
    .join(', ')
