// `holdfast simulate PLATFORM`: a platform's simulator as a server, with the lines of configuration that reach it.
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { RunningSimulator } from '../../platforms/index.ts'
import { Secret } from '../../values/index.ts'
import { fileExists, simulatorMissing } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import { Refusal } from '../refusal.ts'
import { openSession } from '../session/index.ts'

interface Options {
  readonly port: number
  readonly rate: number
  readonly seed: string
  readonly faults?: string
  readonly writeConfig?: string
}

export const run: RunCommand<[platform: string], Options> = async (host, options, name) => {
  const { config } = await openSession(host, options)
  const platforms = await host.platforms()
  const platform = platforms.find(({ pack }) => pack === name)
  if (!platform?.simulator)
    throw new Refusal([
      simulatorMissing(
        name,
        platforms.filter((each) => each.simulator).map(({ pack }) => pack),
      ),
    ])

  const { port, rate, seed, faults } = options
  const module = await platform.simulator()
  const simulator = await module.start({
    port,
    rate,
    seed,
    ...(faults === undefined ? {} : { faultsFile: resolve(host.workingDirectory, faults) }),
  })
  try {
    const target = await targetLines(simulator, join(config.stateDirectory, 'simulator'))
    const reached =
      options.writeConfig === undefined
        ? `To reach it, in holdfast.config.yaml:\n\n${target}`
        : `${await writeConfig(host, options.writeConfig, target)} reaches it.\n`
    const interrupted = new Promise<void>((resolve) => {
      host.onInterrupt(() => resolve())
    })
    host.stdout.write(
      `${name} listens at ${simulator.url}\n\n${simulator.describe().join('\n')}\n\n${reached}\nCtrl-C ends it; it forgets everything.\n`,
    )
    await interrupted
  } finally {
    await simulator.close()
  }
  return EXIT.done
}

/** A configuration of its own; an existing file is refused. */
async function writeConfig(host: Host, file: string, target: string): Promise<string> {
  try {
    await writeFile(resolve(host.workingDirectory, file), `config: 1\n${target}`, { flag: 'wx' })
    return file
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new Refusal([fileExists(file)])
    throw error
  }
}

/** A target as YAML. Its secrets go into files that only their owner can read. */
async function targetLines({ connection, settings }: RunningSimulator, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const lines: string[] = []
  for (const [name, value] of Object.entries(settings)) {
    if (value instanceof Secret) {
      const file = join(directory, name)
      await writeFile(file, `${value.reveal()}\n`, { mode: 0o600 })
      lines.push(`    ${name}: { file: ${JSON.stringify(file)} }`)
    } else lines.push(`    ${name}: ${JSON.stringify(value)}`)
  }
  return `targets:\n  cloud:\n    connection: ${connection}\n${lines.join('\n')}\n`
}
