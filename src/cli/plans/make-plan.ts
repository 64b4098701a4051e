// A plan from the command line's options: what `plan` prints, `plan --diff` compares and `run --plan` holds a run to.
import { createReader, pinsOf, type Recollection, recall, secretsOfInputs } from '../../engine/index.ts'
import { type Journal, RunUnknown } from '../../journal/index.ts'
import { parseUnlessPrepared } from '../../packs/index.ts'
import {
  byReading,
  type Experience,
  experienceOf,
  fromRun,
  type Plan,
  planRunbook,
  planRunbookDiffers,
} from '../../plan/index.ts'
import type { JsonObject } from '../../values/index.ts'
import { openCalling, openExistingState } from '../app.ts'
import { openTargets, secretsOf, withoutSecrets } from '../config/index.ts'
import type { Host } from '../host.ts'
import { Refusal } from '../refusal.ts'
import {
  assertTargets,
  bindTargets,
  type CheckedRunbook,
  checkedRunbook,
  type InputOptions,
  readInputs,
  readSomeInputs,
  type Session,
  secretResolver,
  targetRefs,
} from '../session/index.ts'
import { verifiedBefore } from '../verified-before.ts'

export interface PlanOptions extends InputOptions {
  readonly target?: readonly string[]
  /** Make the calls that only read. */
  readonly read?: true
  /** Id of an earlier run whose answers take the place of reading. */
  readonly from?: string
  /** Bytes per second that transfers make. */
  readonly rate?: number
}

/** What only a run can tell is unknown; offline, so is an input that is not given. Throws Refusal. */
export async function makePlan(host: Host, session: Session, fileOrName: string, options: PlanOptions): Promise<Plan> {
  const loaded = await checkedRunbook(session, fileOrName, { operations: true })
  const verified = await verifiedBefore(host, session.config, loaded)
  const plan = await planOf(host, session, loaded, options)
  return verified === undefined ? plan : { ...plan, verified }
}

async function planOf(host: Host, session: Session, loaded: CheckedRunbook, options: PlanOptions): Promise<Plan> {
  await using journal = await openExistingState(session.config.stateDirectory)
  // Awaited here, or the journal would be closed under it.
  if (options.from !== undefined) return await planFromRun(host, loaded, journal, { ...options, from: options.from })
  // Reading plans one run: what is not given is not there, as it would not be in the run.
  const inputs = await (options.read ? readInputs : readSomeInputs)(host, loaded.runbook, options)
  const common = { ...(await commonOf(host, loaded, journal, options)), inputs }
  if (options.read) return planByReading(host, session, loaded, options.target ?? [], common)
  const { runbook, catalogue } = loaded
  const bound = options.target?.length ? bindTargets(loaded, session.config, options.target) : {}
  return planRunbook({ ...common, targets: targetRefs(runbook, catalogue, bound) })
}

/** What a run with these inputs and targets (`name=target`) would do now, by reading all anew. Throws Refusal. */
export async function planAnew(
  host: Host,
  session: Session,
  loaded: CheckedRunbook,
  inputs: JsonObject,
  target: readonly string[],
): Promise<Plan> {
  return planByReading(host, session, loaded, target, { ...(await commonOf(host, loaded, undefined, {})), inputs })
}

async function commonOf(host: Host, loaded: CheckedRunbook, journal: Journal | undefined, { rate }: Pick<PlanOptions, 'rate'>) {
  const { runbook, catalogue } = loaded
  const experience = journal && (await experienceIn(host, journal, runbook.name))
  return {
    runbook,
    catalogue,
    pins: await pinsOf(loaded),
    ...(experience === undefined ? {} : { experience }),
    ...(rate === undefined ? {} : { bytesPerSecond: rate }),
  }
}

/** As many of the newest runs as tell enough, and no more than can be read at once. */
const MOST_RUNS = 10
const MOST_LOOKED_AT = 100

async function experienceIn(host: Host, journal: Journal, runbook: string): Promise<Experience | undefined> {
  const runs = (await journal.runs({ status: 'succeeded', limit: MOST_LOOKED_AT })).filter((run) => run.runbook === runbook)
  const recollections: Recollection[] = []
  for (const { id } of runs.slice(0, MOST_RUNS))
    recollections.push(await recall(journal, id, parseUnlessPrepared(host.preparedDirectory)))
  return recollections.length === 0 ? undefined : experienceOf(recollections.map(({ tookMs }) => tookMs))
}

type Common = Awaited<ReturnType<typeof commonOf>> & { readonly inputs: JsonObject }

/** Targets are bound as in a run, and opened. */
async function planByReading(
  host: Host,
  { config }: Session,
  loaded: CheckedRunbook,
  target: readonly string[],
  common: Common,
): Promise<Plan> {
  const { runbook, catalogue } = loaded
  const bound = bindTargets(loaded, config, target)
  assertTargets(config, Object.values(bound), catalogue)
  const connections = await openTargets(config, Object.values(bound), catalogue, host.env)
  await using calling = await openCalling(host, connections)
  const { clock, connection, handlers } = calling
  const read = createReader({
    clock,
    connection,
    handlers: handlers(catalogue),
    secret: secretsOfInputs(common.inputs, secretResolver(host, config)),
  })
  const plan = await planRunbook({
    ...common,
    targets: targetRefs(runbook, catalogue, bound),
    basis: { kind: 'read', at: new Date(clock.now()).toISOString() },
    knowledge: byReading(read, (durationMs) => clock.sleep(durationMs)),
  })
  return withoutSecrets(plan, [...connections.values()].flatMap(secretsOf))
}

/** Inputs and targets are those of the run, unless others are given. */
async function planFromRun(
  host: Host,
  loaded: CheckedRunbook,
  journal: Journal | undefined,
  options: PlanOptions & { readonly from: string },
): Promise<Plan> {
  const { from } = options
  const run = await journal?.run(from)
  if (!journal || !run) throw new RunUnknown(from)
  if (run.runbook !== loaded.runbook.name) throw new Refusal([planRunbookDiffers(from, run.runbook, loaded.runbook.name, 'run')])
  const inputs = await readInputs(host, loaded.runbook, { planned: run.inputs, ...options })
  const { calls } = await recall(journal, from, parseUnlessPrepared(host.preparedDirectory))
  return planRunbook({
    ...(await commonOf(host, loaded, journal, options)),
    inputs,
    targets: run.targets,
    basis: { kind: 'run', run: from },
    knowledge: fromRun(from, calls),
  })
}
