// Verifying from the command line, and what was verified before: kept in the state directory by hash of all that decides it.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Diagnostic } from '../diagnostics/index.ts'
import { pinsOf } from '../engine/index.ts'
import { inputsSchema, resolveUses } from '../language/index.ts'
import type { Verified } from '../plan/index.ts'
import { isObject, type JsonObject, unknown } from '../values/index.ts'
import { type Report, type VerifyRequest, verifyIncomplete, verifyRunbook, verifyViolated } from '../verify/index.ts'
import type { Config } from './config/index.ts'
import type { Host } from './host.ts'
import type { LoadedRunbook } from './library.ts'
import type { CheckedRunbook } from './session.ts'

export interface Bounds {
  readonly faults: number
  readonly items: number
  readonly states: number
}

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
  const known = await read(record)
  const before = known !== undefined && coversAll(known, bounds)
  const { stories, ...found } = before ? { stories: [], ...known } : await verifyDeeper(loaded, bounds)
  if (stories.length > 0) return { diagnostics: stories.map((each) => verifyViolated(each, file, loaded.sources)), before }
  if (!before) await write(config, record, { ...found, asked: bounds.faults })
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

// ---- what was verified before -----------------------------------------------------------------------------------

/** That nothing was found. */
interface Finding extends Omit<Bounds, 'faults'> {
  readonly asked: number
  /** Of which every placement was tried within so many states; absent when none. */
  readonly faults: number | undefined
}

const coversAll = ({ asked, faults, items, states }: Finding, bounds: Bounds): boolean =>
  items === bounds.items && ((faults ?? -1) >= bounds.faults || (asked === bounds.faults && states >= bounds.states))

type Texts = Pick<LoadedRunbook, 'text' | 'packs' | 'runbooks'>

/** Undefined where these texts were never verified by this version of Holdfast. */
export async function verifiedBefore(host: Host, config: Config, texts: Texts): Promise<Verified | undefined> {
  const { faults, items } = (await read(await recordOf(host, config, texts))) ?? {}
  return faults === undefined || items === undefined ? undefined : { faults, items }
}

async function write({ stateDirectory }: Config, file: string, record: Finding): Promise<void> {
  const unfinished = `${file}.${process.pid}`
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(unfinished, `${JSON.stringify(record)}\n`, { mode: 0o600 })
  await rename(unfinished, file)
}

/** A record that cannot be read is none: what it says can be found out again. */
async function read(file: string): Promise<Finding | undefined> {
  try {
    const record: Partial<Finding> = JSON.parse(await readFile(file, 'utf8'))
    return [record.asked, record.items, record.states].every(Number.isInteger) ? (record as Finding) : undefined
  } catch {
    return undefined
  }
}

/** OpenAPI documents decide nothing that verify looks at; another version of Holdfast may have another kernel. */
async function recordOf({ version }: Host, { stateDirectory }: Config, texts: Texts): Promise<string> {
  const pins = Object.entries(await pinsOf(texts)).filter(([role]) => !role.startsWith('openapi:'))
  const hash = createHash('sha256')
    .update(JSON.stringify([version, pins.toSorted()]))
    .digest('hex')
  return join(stateDirectory, 'verified', `${hash}.json`)
}
