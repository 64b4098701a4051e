// `holdfast rehearse RUNBOOK`: the true engine and the true actions against stand-ins for the platforms, with faults from a seed.
// It touches nothing but this process.
import type { Runbook } from '../../language/index.ts'
import { NobodyStandsIn, PlainRunFailed, rehearsalAsText, rehearse, type Scene } from '../../rehearse/index.ts'
import { isUnknown, type JsonObject } from '../../values/index.ts'
import { connectionTypes } from '../bind-targets.ts'
import { inputsUnknownToStandIns, rehearsalFails, standInMissing } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import { type InputOptions, readSomeInputs } from '../inputs.ts'
import { Refusal } from '../refusal.ts'
import { type CheckedRunbook, checkedRunbook, openSession } from '../session.ts'

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
  const scene = sceneOf(loaded, await readSomeInputs(host, loaded.runbook, options))
  const before: Scene[] = []
  for (const name of options.before) {
    const earlier = await checkedRunbook(session, name, { operations: true })
    before.push(sceneOf(earlier, await readSomeInputs(host, earlier.runbook, { input: [] })))
  }
  const { runs, faults, seed, run: only, format } = options
  const startedAt = performance.now()
  try {
    const report = await rehearse({
      platforms: await host.platforms(),
      ...{ seed, before, scene, runs, faults },
      ...(only === undefined ? {} : { only }),
      onRun: progress(host, runs),
    })
    const seconds = (performance.now() - startedAt) / 1000
    host.stdout.write(
      format === 'json' ? `${JSON.stringify({ ...report, seconds }, undefined, 2)}\n` : rehearsalAsText(report, seconds),
    )
    return report.found.length > 0 ? EXIT.checkFailed : EXIT.done
  } catch (error) {
    if (error instanceof NobodyStandsIn) throw new Refusal([standInMissing(error.connections)])
    if (error instanceof PlainRunFailed) throw new Refusal([rehearsalFails(fileOrName, error.message)])
    throw error
  }
}

function sceneOf(loaded: CheckedRunbook, given: JsonObject): Scene {
  const { runbook, catalogue, text, packs, runbooks } = loaded
  return {
    start: { runbook, text, packs, runbooks },
    targets: connectionTypes(runbook, catalogue),
    inputs: (known) => complete(runbook, given, known),
  }
}

/** What was given, and for what is required besides, what the stand-ins know of that name. */
function complete({ name, inputs }: Runbook, given: JsonObject, known: JsonObject): JsonObject {
  const required: readonly unknown[] = Array.isArray(inputs?.required) ? inputs.required : []
  const entries = Object.entries(given).flatMap(([input, value]): [string, JsonObject[string]][] => {
    if (!isUnknown(value)) return [[input, value]]
    const stands = known[input]
    return required.includes(input) && stands !== undefined ? [[input, stands]] : []
  })
  const missing = required.filter((input) => !entries.some(([each]) => each === input)).map(String)
  if (missing.length > 0) throw new Refusal([inputsUnknownToStandIns(name, missing)])
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
