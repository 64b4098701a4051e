// Verifying from the command line: what was verified before is not tried again.
import type { Diagnostic } from '../diagnostics/index.ts'
import { inputsSchema, resolveUses } from '../language/index.ts'
import type { Verified } from '../plan/index.ts'
import { isObject, type JsonObject, unknown } from '../values/index.ts'
import { type Report, type VerifyRequest, verifyIncomplete, verifyRunbook, verifyViolated } from '../verify/index.ts'
import type { Config } from './config/index.ts'
import type { Host } from './host.ts'
import type { CheckedRunbook } from './session/index.ts'
import { type Bounds, coversAll, type Finding, readFinding, recordOf, writeFinding } from './verified-before.ts'

/** Inputs that are not given are taken every way, those with a default too. */
export function verifyRequest({ runbook, catalogue }: CheckedRunbook, given: JsonObject, bounds: Bounds): VerifyRequest {
  const { properties } = inputsSchema(runbook)
  const names = isObject(properties) ? Object.keys(properties) : []
  const packs = resolveUses(runbook, catalogue.packs)
  return {
    runbook,
    catalogue,
    inputs: { ...Object.fromEntries(names.map((name) => [name, unknown(`inputs.${name}`)])), ...given },
    targets: Object.fromEntries(
      runbook.targets.map(({ name, alias, connection }) => [
        name,
        { $target: name, connection: `${packs[alias] ?? alias}/${connection}` },
      ]),
    ),
    faults: bounds.faults,
    items: bounds.items,
    maxStates: bounds.states,
  }
}

export interface Verification {
  readonly diagnostics: readonly Diagnostic[]
  /** Absent when something was found, or not even a run without faults could be tried whole. */
  readonly verified?: Verified
  /** The same was verified before, so nothing had to be tried. */
  readonly before: boolean
}

/** Verifies a runbook unless the same texts were verified as far before. `file`: as people named it. */
export async function verifyOnce(
  host: Host,
  config: Config,
  file: string,
  loaded: CheckedRunbook,
  bounds: Bounds,
): Promise<Verification> {
  const record = await recordOf(host, config, loaded)
  const known = await readFinding(record)
  const before = known !== undefined && coversAll(known, bounds)
  const { stories, ...found } = before ? { stories: [], ...known } : await verifyDeeper(loaded, bounds)
  if (stories.length > 0) return { diagnostics: stories.map((each) => verifyViolated(each, file, loaded.sources)), before }
  if (!before) await writeFinding(config, record, { ...found, asked: bounds.faults })
  const { faults: tried, items } = found
  const diagnostics = (tried ?? -1) >= bounds.faults ? [] : [verifyIncomplete(file, { tried, states: bounds.states })]
  return { diagnostics, ...(tried === undefined ? {} : { verified: { faults: tried, items } }), before }
}

/** More and more faults, so that something is known where the last are too many. */
async function verifyDeeper(loaded: CheckedRunbook, bounds: Bounds): Promise<Omit<Finding, 'asked'> & Pick<Report, 'stories'>> {
  const { items, states } = bounds
  let tried: number | undefined
  for (let faults = 0; faults <= bounds.faults; faults += 1) {
    const { stories, complete } = await verifyRunbook(verifyRequest(loaded, {}, { ...bounds, faults }))
    if (complete) tried = faults
    if (stories.length > 0 || !complete) return { stories, faults: tried, items, states }
  }
  return { stories: [], faults: tried, items, states }
}
