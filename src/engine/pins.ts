// What a run is pinned to: the texts of its runbook, of those it calls, and of their packs, kept in the journal by hash. An edit changes no run under way.
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { Journal, RunHeader } from '../journal/index.ts'
import { link, type Program } from '../kernel/index.ts'
import { parseRunbook, type Runbook } from '../language/index.ts'
import { type Catalogue, createCatalogue, type Pack, type ParsePack, parsePack, type RunbooksByName } from '../packs/index.ts'
import type { StartRequest } from './model.ts'

/** Roles of the pinned texts; those of a called runbook and of a pack end in its name. */
const RUNBOOK = 'runbook'
const CALLED = 'runbook:'
const MANIFEST = 'pack:'
const OPENAPI = 'openapi:'

/** Everything that decides what a run does. */
export interface Pinned {
  readonly program: Program
  readonly catalogue: Catalogue
}

export function linked(runbook: Runbook, packs: readonly Pack[], runbooks: RunbooksByName): Pinned {
  const catalogue = createCatalogue(packs, runbooks)
  return { catalogue, program: link(runbook, catalogue) }
}

type Texts = Pick<StartRequest, 'text' | 'packs' | 'runbooks'>

/** What a run would be pinned to. */
export const pinsOf = (texts: Texts): RunHeader['pins'] =>
  Object.fromEntries(textsByRole(texts).map(([role, text]) => [role, createHash('sha256').update(text).digest('hex')]))

/** Stores what a run is pinned to. All of it is written at once, with what else is written in this turn. */
export const pin = (journal: Pick<Journal, 'putDocument'>, texts: Texts): Promise<readonly string[]> =>
  Promise.all(textsByRole(texts).map(([, text]) => journal.putDocument(text)))

const textsByRole = ({ text, packs, runbooks = [] }: Texts): readonly (readonly [role: string, text: string])[] => [
  [RUNBOOK, text],
  ...runbooks.map((called) => [CALLED + called.name, called.text] as const),
  ...packs.flatMap(({ pack, sources }) =>
    [...sources].map(([file, source]) => [`${basename(file) === 'pack.yaml' ? MANIFEST : OPENAPI}${pack.name}`, source] as const),
  ),
]

/** Reads again what the run was started with. Throws when this version cannot. */
export async function loadPinned(journal: Journal, run: RunHeader, parse: ParsePack = parsePack): Promise<Pinned> {
  const packs: Pack[] = []
  for (const role of Object.keys(run.pins).filter((each) => each.startsWith(MANIFEST))) {
    const name = role.slice(MANIFEST.length)
    const pack = await pinnedPack(journal, run, name, parse)
    if (pack === undefined) throw unreadable(run, `pack ${name}`)
    packs.push(pack)
  }
  const runbooks: Record<string, Runbook> = {}
  for (const role of Object.keys(run.pins).filter((each) => each.startsWith(CALLED))) {
    const name = role.slice(CALLED.length)
    runbooks[name] = await pinnedRunbook(journal, run, role, name)
  }
  return linked(await pinnedRunbook(journal, run, RUNBOOK, run.runbook), packs, runbooks)
}

/** By the hashes of their texts: a process that takes up many runs parses each pack once, and makes its validators once. */
const parsedPacks = new Map<string, Pack>()
const MOST_PARSED_PACKS = 64

async function pinnedPack(journal: Journal, run: RunHeader, name: string, parse: ParsePack): Promise<Pack | undefined> {
  const [manifestRole, openapiRole] = [MANIFEST + name, OPENAPI + name]
  // Read each time: what the journal holds must be whole, also where it is known already.
  const manifest = { file: `${name}/pack.yaml`, text: await pinnedText(journal, run, manifestRole) }
  const openapi =
    run.pins[openapiRole] === undefined
      ? undefined
      : { file: `${name}/openapi.yaml`, text: await pinnedText(journal, run, openapiRole) }
  const key = `${run.pins[manifestRole]} ${run.pins[openapiRole]}`
  const pack = parsedPacks.get(key) ?? (await parse(manifest, openapi)).pack
  if (pack === undefined || parsedPacks.has(key)) return pack
  const [oldest] = parsedPacks.keys()
  if (oldest !== undefined && parsedPacks.size >= MOST_PARSED_PACKS) parsedPacks.delete(oldest)
  parsedPacks.set(key, pack)
  return pack
}

async function pinnedRunbook(journal: Journal, run: RunHeader, role: string, name: string): Promise<Runbook> {
  const { runbook } = parseRunbook(await pinnedText(journal, run, role), name)
  if (runbook === undefined) throw unreadable(run, role)
  return runbook
}

async function pinnedText(journal: Journal, { id, pins }: RunHeader, role: string): Promise<string> {
  const text = await journal.document(pins[role] ?? '')
  if (text === undefined) throw new Error(`the journal lacks the ${role} of run ${id}`)
  return text
}

const unreadable = ({ id }: RunHeader, what: string): Error =>
  new Error(`this version of Holdfast cannot read the ${what} that run ${id} is pinned to`)
