// What a run is pinned to: the texts of its runbook and packs, kept in the journal by hash. An edit changes no run under way.
import type { Journal, RunHeader } from '../journal/index.ts'
import { link, type Program } from '../kernel/index.ts'
import { parseRunbook } from '../language/index.ts'
import { type Catalogue, createCatalogue, parsePack } from '../packs/index.ts'
import type { StartRequest } from './model.ts'

type Pins = RunHeader['pins']

const RUNBOOK = 'runbook'
const PACK = 'pack:'

/** Everything that decides what a run does. */
export interface Pinned {
  readonly program: Program
  readonly catalogue: Catalogue
}

export function linked({ runbook, packs }: Pick<StartRequest, 'runbook' | 'packs'>): Pinned {
  const catalogue = createCatalogue(packs.map(({ pack }) => pack))
  return { catalogue, program: link(runbook, catalogue) }
}

export async function pin(journal: Journal, { text, packs }: StartRequest): Promise<Pins> {
  const pins: Record<string, string> = { [RUNBOOK]: await journal.putDocument(text) }
  for (const { pack, sources } of packs) {
    pins[`${PACK}${pack.name}`] = await journal.putDocument(JSON.stringify(Object.fromEntries(sources)))
  }
  return pins
}

/** Reads again what the run was started with. Throws when this version cannot. */
export async function loadPinned(journal: Journal, run: RunHeader): Promise<Pinned> {
  const textOf = async (role: string): Promise<string> => {
    const text = await journal.document(run.pins[role] ?? '')
    if (text === undefined) throw new Error(`run ${run.id}: the journal lacks its ${role}`)
    return text
  }
  const packs = []
  for (const role of Object.keys(run.pins).filter((each) => each.startsWith(PACK))) {
    const sources = new Map(Object.entries(JSON.parse(await textOf(role)) as Record<string, string>))
    const { pack } = await parsePack(sources)
    if (pack === undefined) throw new Error(`run ${run.id}: this version cannot read the ${role} it is pinned to`)
    packs.push({ pack, sources })
  }
  const { runbook } = parseRunbook(await textOf(RUNBOOK), run.runbook)
  if (runbook === undefined) throw new Error(`run ${run.id}: this version cannot read the runbook it is pinned to`)
  return linked({ runbook, packs })
}
