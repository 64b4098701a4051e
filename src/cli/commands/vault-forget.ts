// `holdfast vault forget`: removes old restore points by rule, or those that are named. Space is freed by `vault prune`.
import type { Forgotten, KeepRules } from '../../vault/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import type { Output } from '../host.ts'
import { openNamedVault, type VaultOptions } from '../vaults/index.ts'
import { moment, table } from '../views/index.ts'
import { pointFacts } from './vault-list.ts'

interface Options extends VaultOptions {
  readonly keepLast?: number
  readonly keepHourly?: number
  readonly keepDaily?: number
  readonly keepWeekly?: number
  readonly keepMonthly?: number
  readonly keepYearly?: number
  /** Milliseconds. */
  readonly keepWithin?: number
  readonly vm?: string
  readonly dryRun?: boolean
  readonly format: 'text' | 'json'
}

export const run: RunCommand<[vault: string, points: readonly string[]], Options> = async (
  host,
  options,
  directory,
  pointIds,
) => {
  const { vm, dryRun = false } = options
  await using vault = await openNamedVault(host, directory, options)
  const forgotten = await vault.forget({ rules: rulesOf(options), pointIds, dryRun, ...(vm === undefined ? {} : { vm }) })
  host.stdout.write(
    options.format === 'json' ? `${JSON.stringify(facts(forgotten), undefined, 2)}\n` : describe(forgotten, dryRun, host.stdout),
  )
  return EXIT.done
}

function rulesOf(options: Options): KeepRules {
  const rules = {
    last: options.keepLast,
    hourly: options.keepHourly,
    daily: options.keepDaily,
    weekly: options.keepWeekly,
    monthly: options.keepMonthly,
    yearly: options.keepYearly,
    withinMs: options.keepWithin,
  }
  return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined))
}

const facts = ({ removed, kept, refused }: Forgotten) => ({
  removed: removed.map(pointFacts),
  kept: kept.map(({ point, reasons }) => ({ ...pointFacts(point), reasons })),
  refused: refused.map(({ point, reason }) => ({ ...pointFacts(point), reason })),
})

function describe({ removed, kept, refused }: Forgotten, dryRun: boolean, output: Output): string {
  const rows = [
    ...kept.map((one) => ({ ...one, what: 'keep' })),
    ...removed.map((point) => ({ point, reasons: [], what: 'remove' })),
    ...refused.map(({ point }) => ({ point, reasons: [], what: 'refused' })),
  ]
  const lines = rows
    .sort((a, b) => b.point.timeMs - a.point.timeMs)
    .map(({ point, reasons, what }) => [
      point.id.slice(0, 10),
      moment(point.timeMs),
      point.vm,
      point.kind,
      point.level,
      what,
      reasons.join(', '),
    ])
  const done =
    removed.length === 0
      ? 'nothing to remove'
      : dryRun
        ? `${removed.length} would be removed`
        : `${removed.length} removed; \`holdfast vault prune\` frees their space`
  const stay = refused[0] ? `${refused.length} stay, for the storage does not let them go: ${refused[0].reason}\n` : ''
  return `${table([['POINT', 'TIME', 'VM', 'KIND', 'LEVEL', 'WHAT', 'WHY'], ...lines], output)}${done}\n${stay}`
}
