// `holdfast alert`: tells the configured hooks of what is held too long; made to be run from a timer.

import { nameOf, openAlerts, sayTellings, type Telling, tellNothing } from '../alerts/index.ts'
import { openState } from '../app.ts'
import { alertsNotConfigured } from '../codes.ts'
import type { GlobalOptions, RunCommand } from '../command.ts'
import { type Config, loadConfig } from '../config/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import { Refusal } from '../refusal.ts'

interface Options {
  readonly test?: true
}

export const run: RunCommand<[], Options> = async (host, options) => {
  // Neither packs nor targets are looked at: what is wrong with them must not keep an alert from going out.
  const config = await loadConfig(host, options.config)
  if (config.alerts.hooks.length === 0) throw new Refusal([alertsNotConfigured(config.file)], { exitCode: EXIT.checkFailed })
  const tellings = await tell(host, config, options)
  const told = tellings.filter(({ problem }) => problem === undefined)
  for (const { hook, obligations } of told) host.stdout.write(`told ${nameOf(hook)}${options.test ? '' : ` of ${obligations}`}\n`)
  if (tellings.length === 0) host.stdout.write('nothing new to tell\n')
  sayTellings(host, tellings)
  return told.length < tellings.length ? EXIT.failed : EXIT.done
}

async function tell(host: Host, config: Config, options: Options & GlobalOptions): Promise<readonly Telling[]> {
  const clock = await host.clock()
  if (options.test) return tellNothing(host, config, clock.now())
  await using journal = await openState(config.stateDirectory)
  return await openAlerts(host, config, journal, clock).look()
}
