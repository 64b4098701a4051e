// `holdfast rehearse RUNBOOK`: the true engine and the true actions against stand-ins for the platforms, with faults from a seed.
// It touches nothing but this process.
import type { Runbook } from '../../language/index.ts'
import type { Platform } from '../../platforms/index.ts'
import {
  knownTo,
  NobodyStandsIn,
  PlainRunFailed,
  type RehearsalReport,
  rehearsalAsText,
  rehearse,
  type Scene,
} from '../../rehearse/index.ts'
import { isUnknown, type JsonObject } from '../../values/index.ts'
import { inputsUnknownToStandIns, rehearsalFails, standInMissing } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import { Refusal } from '../refusal.ts'
import {
  type CheckedRunbook,
  checkedRunbook,
  connectionTypes,
  type InputOptions,
  openSession,
  readSomeInputs,
  type Session,
} from '../session/index.ts'

interface Options extends InputOptions {
  readonly runs: number
  readonly faults: number
  readonly seed: string
  readonly run?: number
  readonly before: readonly string[]
  readonly format: 'text' | 'json'
}

export const run: RunCommand<[runbook: string], Options> = async (host, options, fileOrName) => {
  const session = await openSession(host, options)
  const loaded = await checkedRunbook(session, fileOrName, { operations: true })
  const given = await readSomeInputs(host, loaded.runbook, options)
  const scene = sceneOf(loaded, given)
  const named: CheckedRunbook[] = []
  for (const name of options.before) named.push(await checkedRunbook(session, name, { operations: true }))
  const { runs, faults, seed, run: only, format } = options
  const startedAt = performance.now()
  try {
    const { disaster, report } = await firstThatKnows(await worlds(host, loaded), async ({ platforms }) => {
      const known = { ...(await knownTo(platforms, [scene])), ...told(given) }
      return firstThatSucceeds(await pasts(session, host, named, loaded, platforms, known), (before) =>
        rehearse({
          platforms,
          ...{ seed, before, scene, runs, faults },
          ...(only === undefined ? {} : { only }),
          onRun: progress(host, runs),
        }),
      )
    })
    const seconds = (performance.now() - startedAt) / 1000
    const after = disaster === undefined ? '' : `after a disaster: ${disaster}\n`
    host.stdout.write(
      format === 'json'
        ? `${JSON.stringify({ ...(disaster === undefined ? {} : { disaster }), ...report, seconds }, undefined, 2)}\n`
        : `${after}${rehearsalAsText(report, seconds)}`,
    )
    return report.found.length > 0 ? EXIT.checkFailed : EXIT.done
  } catch (error) {
    if (error instanceof NobodyStandsIn) throw new Refusal([standInMissing(error.connections)])
    if (error instanceof PlainRunFailed) throw new Refusal([rehearsalFails(fileOrName, error.message)])
    throw error
  }
}

interface World {
  readonly platforms: readonly Platform[]
  /** What has happened to the runbook's own platform; nothing has where absent. */
  readonly disaster?: string
}

async function worlds(host: Host, { runbook }: CheckedRunbook): Promise<readonly [World, ...World[]]> {
  const platforms = await host.platforms()
  const [pack] = runbook.name.split('/')
  const disasters = platforms.find((each) => each.pack === pack)?.disasters ?? {}
  const struck = Object.entries(disasters).map(([disaster, standIn]): World => {
    return { disaster, platforms: platforms.map((each) => (each.pack === pack ? { ...each, standIn } : each)) }
  })
  return [{ platforms }, ...struck]
}

/** The first world in which every input is known; where there is none, what the first lacks is told. */
async function firstThatKnows(
  [world, ...others]: readonly [World, ...World[]],
  play: (world: World) => Promise<RehearsalReport>,
): Promise<World & { readonly report: RehearsalReport }> {
  try {
    return { ...world, report: await play(world) }
  } catch (error) {
    const [other, ...rest] = others
    if (!(error instanceof InputsUnknown) || !other) throw error
    return firstThatKnows([other, ...rest], play).catch((later) => {
      throw later instanceof InputsUnknown ? error : later
    })
  }
}

/** No stand-in knows what a required input could be. */
class InputsUnknown extends Refusal {}

function sceneOf(loaded: CheckedRunbook, given: JsonObject): Scene {
  const { runbook, catalogue, text, packs, runbooks } = loaded
  return {
    start: { runbook, text, packs, runbooks },
    targets: connectionTypes(runbook, catalogue),
    inputs: (known) => complete(runbook, given, known),
  }
}

/**
 * What may be run before: those that were named and, where nobody knows what an input could be, each runbook of the same pack that
 * outputs it. The first with which all goes well without faults is taken.
 */
async function pasts(
  session: Session,
  host: Host,
  named: readonly CheckedRunbook[],
  loaded: CheckedRunbook,
  platforms: readonly Platform[],
  known: JsonObject,
): Promise<readonly (readonly Scene[])[]> {
  const there = new Set(Object.keys(known))
  const wanted: string[] = []
  for (const { runbook } of [...named, loaded]) {
    wanted.push(...requiredOf(runbook).filter((input) => !there.has(input)))
    for (const { name } of runbook.outputs) there.add(name)
  }
  const scenes = await Promise.all(named.map((each) => sceneBefore(host, each)))
  if (wanted.length === 0) return [scenes]
  const [pack] = loaded.runbook.name.split('/')
  const found: (readonly Scene[])[] = []
  for (const { name, runbook } of (await session.library.callableRunbooks()).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const given = new Set(runbook.outputs.map((output) => output.name))
    if (!name.startsWith(`${pack}/`) || !wanted.some((input) => given.has(input))) continue
    const earlier = await sceneBefore(host, await checkedRunbook(session, name, { operations: true }))
    // Stand-ins for its targets know what is there besides.
    const all = { ...known, ...(await knownTo(platforms, [earlier])) }
    const isThere = (input: string): boolean => all[input] !== undefined
    if (requiredOf(runbook).every(isThere) && wanted.every((input) => given.has(input) || isThere(input)))
      found.push([earlier, ...scenes])
  }
  return found.length === 0 ? [scenes] : found
}

const sceneBefore = async (host: Host, loaded: CheckedRunbook): Promise<Scene> =>
  sceneOf(loaded, await readSomeInputs(host, loaded.runbook, { input: [] }))

async function firstThatSucceeds(
  [past = [], ...others]: readonly (readonly Scene[])[],
  play: (before: readonly Scene[]) => Promise<RehearsalReport>,
): Promise<RehearsalReport> {
  try {
    return await play(past)
  } catch (error) {
    if (!(error instanceof PlainRunFailed) || others.length === 0) throw error
    return firstThatSucceeds(others, play)
  }
}

const told = (given: JsonObject): JsonObject => Object.fromEntries(Object.entries(given).filter(([, value]) => !isUnknown(value)))

const requiredOf = ({ inputs }: Runbook): readonly string[] =>
  Array.isArray(inputs?.required) ? inputs.required.map(String) : []

/** What was given, and for what is required besides, what the stand-ins know of that name. */
function complete(runbook: Runbook, given: JsonObject, known: JsonObject): JsonObject {
  const required = requiredOf(runbook)
  const entries = Object.entries(given).flatMap(([input, value]): [string, JsonObject[string]][] => {
    if (!isUnknown(value)) return [[input, value]]
    const stands = known[input]
    return required.includes(input) && stands !== undefined ? [[input, stands]] : []
  })
  const missing = required.filter((input) => !entries.some(([each]) => each === input))
  if (missing.length > 0) throw new InputsUnknown([inputsUnknownToStandIns(runbook.name, missing)])
  return Object.fromEntries(entries)
}

/** One line that counts, where somebody watches. */
function progress(host: Host, runs: number): () => void {
  let done = 0
  return () => {
    done += 1
    if (host.stderr.terminal) host.stderr.write(`\r${done} of ${runs}${done === runs ? '\n' : ''}`)
  }
}
