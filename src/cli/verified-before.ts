// What was verified before: kept in the state directory by hash of all that decides it.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pinsOf } from '../engine/index.ts'
import type { Verified } from '../plan/index.ts'
import type { Config } from './config/index.ts'
import type { Host } from './host.ts'
import type { LoadedRunbook } from './session/index.ts'

export interface Bounds {
  readonly faults: number
  readonly items: number
  readonly states: number
}

/** That nothing was found. */
export interface Finding extends Omit<Bounds, 'faults'> {
  readonly asked: number
  /** Of which every placement was tried within so many states; absent when none. */
  readonly faults: number | undefined
}

export const coversAll = ({ asked, faults, items, states }: Finding, bounds: Bounds): boolean =>
  items === bounds.items && ((faults ?? -1) >= bounds.faults || (asked === bounds.faults && states >= bounds.states))

type Texts = Pick<LoadedRunbook, 'text' | 'packs' | 'runbooks'>

/** Undefined where these texts were never verified by this version of Holdfast. */
export async function verifiedBefore(host: Host, config: Config, texts: Texts): Promise<Verified | undefined> {
  const { faults, items } = (await readFinding(await recordOf(host, config, texts))) ?? {}
  return faults === undefined || items === undefined ? undefined : { faults, items }
}

/** Whole or not at all. */
export async function writeFinding({ stateDirectory }: Config, file: string, record: Finding): Promise<void> {
  const unfinished = `${file}.${process.pid}`
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(unfinished, `${JSON.stringify(record)}\n`, { mode: 0o600 })
  await rename(unfinished, file)
}

/** A record that cannot be read is none: what it says can be found out again. */
export async function readFinding(file: string): Promise<Finding | undefined> {
  try {
    const record: Partial<Finding> = JSON.parse(await readFile(file, 'utf8'))
    return [record.asked, record.items, record.states].every(Number.isInteger) ? (record as Finding) : undefined
  } catch {
    return undefined
  }
}

/** File of the record. OpenAPI documents decide nothing that verify looks at; another version of Holdfast may have another kernel. */
export async function recordOf({ version }: Host, { stateDirectory }: Config, texts: Texts): Promise<string> {
  const pins = Object.entries(await pinsOf(texts)).filter(([role]) => !role.startsWith('openapi:'))
  const hash = createHash('sha256')
    .update(JSON.stringify([version, pins.toSorted()]))
    .digest('hex')
  return join(stateDirectory, 'verified', `${hash}.json`)
}
