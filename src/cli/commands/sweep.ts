// `holdfast sweep TARGET`: compares what stands on a platform with the ledger. It reads, and changes nothing.
import { didYouMean } from '../../diagnostics/index.ts'
import { createReader, type Listed, type Swept, sweep } from '../../engine/index.ts'
import type { Journal } from '../../journal/index.ts'
import type { Catalogue, ResourceType } from '../../packs/index.ts'
import { isObject, type JsonObject, printable } from '../../values/index.ts'
import { openCalling, openState } from '../app.ts'
import { sweepUnknown, targetUnknown } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { openTargets, secretsOf, withoutSecrets } from '../config/index.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import type { Output } from '../host.ts'
import { type Judged, judge, type Ledger, type Verdict } from '../obligations/index.ts'
import { Refusal, refuseErrors } from '../refusal.ts'
import { assertTargets, openSession } from '../session/index.ts'
import { failureWords, inline, table } from '../views/index.ts'

interface Options {
  readonly format: 'text' | 'json'
  readonly prefix: string
  readonly all?: true
}

export const run: RunCommand<[target: string], Options> = async (host, options, name) => {
  const { config, library } = await openSession(host, options)
  const configured = config.targets.get(name)
  if (!configured) throw new Refusal([targetUnknown(name, 'the configuration', didYouMean(name, config.targets.keys()))])
  const { catalogue, diagnostics, sources } = await library.loadPacks([packOf(configured.connection)], { operations: true })
  refuseErrors(diagnostics, sources)
  assertTargets(config, [name], catalogue)
  const target = { $target: name, connection: configured.connection }
  const types = typesOf(catalogue, configured.connection)
  if (types.length === 0) throw new Refusal([sweepUnknown(name, configured.connection)])
  const connections = await openTargets(config, [name], catalogue, host.env)

  await using journal = await openState(config.stateDirectory)
  await using calling = await openCalling(host, connections)
  const { clock, connection, handlers } = calling
  const read = createReader({ clock, connection, handlers: handlers(catalogue) })
  const swept: Swept[] = []
  for await (const each of sweep(read, catalogue, types, target)) swept.push(each)
  // Read after the platform was: what a run has acquired meanwhile is in it.
  const ledger = await ledgerOf(journal, { target: name, prefix: options.prefix, now: clock.now() })
  const result = withoutSecrets(resultOf(swept, types, ledger), [...connections.values()].flatMap(secretsOf))
  host.stdout.write(options.format === 'json' ? asJson(result) : asText(result, options.all === true, host.stdout))
  return exitCodeOf(result)
}

const packOf = (connection: string): string => connection.slice(0, connection.indexOf('/'))

/** Resource types that can be swept over such a connection. */
function typesOf(catalogue: Catalogue, connection: string): readonly ResourceType[] {
  const takes = (action: string): boolean => {
    const { properties } = catalogue.action(action)?.input ?? {}
    return isObject(properties) && Object.values(properties).some((slot) => isObject(slot) && slot['x-connection'] === connection)
  }
  return Object.values(catalogue.packs)
    .flatMap(({ resources }) => Object.values(resources))
    .filter(({ sweep: [first] = [] }) => first !== undefined && takes(first))
}

async function ledgerOf(journal: Journal, rest: Pick<Ledger, 'target' | 'prefix' | 'now'>): Promise<Ledger> {
  const [settled, open, runs] = [
    await journal.obligations({ open: false }),
    await journal.obligations({ open: true }),
    await journal.runs(),
  ]
  return { ...rest, obligations: [...settled, ...open], runs: new Set(runs.map(({ id }) => id)) }
}

interface Result {
  readonly judged: readonly Judged[]
  readonly unread: readonly Extract<Swept, { kind: 'unread' }>[]
}

function resultOf(swept: readonly Swept[], types: readonly ResourceType[], ledger: Ledger): Result {
  const isListed = (each: Swept): each is Listed => each.kind === 'listed'
  return {
    judged: swept.filter(isListed).flatMap((found) => {
      const type = types.find(({ name }) => name === found.type)
      return type ? [judge(found, type, ledger)] : []
    }),
    unread: swept.filter((each) => each.kind === 'unread'),
  }
}

function exitCodeOf({ judged, unread }: Result): ExitCode {
  if (judged.some(({ verdict }) => verdict === 'leak')) return EXIT.owing
  return unread.length > 0 ? EXIT.failed : EXIT.done
}

const WORDS: Readonly<Record<Verdict, string>> = {
  leak: 'LEAK',
  foreign: 'of another journal',
  open: 'held',
  kept: 'kept, as asked for',
  settling: 'released just now',
  unrelated: 'not ours',
}
const ORDER = Object.keys(WORDS) as readonly Verdict[]

function asText({ judged, unread }: Result, all: boolean, output: Output): string {
  const shown = judged
    .filter(({ verdict }) => all || verdict !== 'unrelated')
    .toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict))
  const count = (verdict: Verdict): number => judged.filter((each) => each.verdict === verdict).length
  const [leaks, foreign, unrelated] = [count('leak'), count('foreign'), count('unrelated')]
  return [
    ...(leaks > 0
      ? [`LEAK: ${leaks} made by runs of this journal, and nothing in it is going to release them. Delete them by hand.\n\n`]
      : []),
    ...(shown.length > 0 ? [table([['STATE', 'RUN', 'TYPE', 'IDENTITY'], ...shown.map(row)], output), '\n'] : []),
    ...unread.map(
      ({ action, input, failure }) =>
        `not looked at: ${printable(`${action} ${inline(shortOf(input))}: ${failureWords(failure)}`)}\n`,
    ),
    ...(foreign > 0 ? ['Of another journal: a second Holdfast may hold them still. Ask there before you delete them.\n'] : []),
    `${judged.length} looked at, ${unrelated} not ours; nothing was touched\n`,
  ].join('')
}

const row = ({ found: { type, identity }, verdict, run: id }: Judged): readonly string[] => [
  WORDS[verdict],
  id ?? '',
  type,
  inline(identity),
]

/** Without the target, which is known. */
const shortOf = (input: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => !(isObject(value) && '$target' in value)))

const asJson = ({ judged, unread }: Result): string =>
  `${JSON.stringify(
    {
      found: judged.map(({ found: { type, identity, facts }, verdict, run: id }) => ({
        verdict,
        ...(id === undefined ? {} : { run: id }),
        resource: type,
        identity,
        facts,
      })),
      unread: unread.map(({ action, input, failure }) => ({ action, input: shortOf(input), failure })),
    },
    undefined,
    2,
  )}\n`
