// An engine over a journal and the test platform, as the composition root would put them together.
import { createEngine, type Engine, type EngineOptions, type Observation, type StartRequest } from '../../src/engine/index.ts'
import { createMemoryJournal, processOwner } from '../../src/journal/index.ts'
import { parseRunbook } from '../../src/language/index.ts'
import { type Connection, type Handlers, parsePack } from '../../src/packs/index.ts'
import { type JsonObject, Secret } from '../../src/values/index.ts'
import { memoryStore, type Store, THINGS_MANIFEST, thingHandlers } from './things.ts'
import { createVirtualClock } from './virtual-clock.ts'

export const PASSWORD = 'correct horse battery staple'

/** An owner that is surely gone, so that its runs can be resumed. */
const DEAD = processOwner().replace(/:\d+:\d+$/, ':999999999:1')

export function connection(target: string): Connection {
  if (target !== 'lab') throw new Error(`no target ${target} is configured`)
  return { target, type: 'things/Place', settings: { url: 'place://lab', password: new Secret(PASSWORD) } }
}

export interface Bench extends AsyncDisposable {
  readonly engine: Engine
  readonly store: Store
  readonly options: EngineOptions
  readonly seen: Observation[]
}

/** `handlers` replace those of the platform, by name without the pack. */
export function bench(more: Partial<EngineOptions> & { store?: Store; replace?: Handlers } = {}): Bench {
  const { store = memoryStore(), replace = {}, ...given } = more
  const seen: Observation[] = []
  const replaced = Object.fromEntries(Object.entries(replace).map(([name, handler]) => [`things/${name}`, handler]))
  let runs = 0
  const options: EngineOptions = {
    journal: createMemoryJournal(),
    handlers: () => ({ ...thingHandlers(store), ...replaced }),
    connection,
    clock: createVirtualClock(),
    newRunId: () => `run-${++runs}`,
    observe: (observation) => void seen.push(observation),
    owner: DEAD,
    ...given,
  }
  const engine = createEngine(options)
  return { engine, store, options, seen, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() }
}

async function thingsPack(manifest = THINGS_MANIFEST): Promise<StartRequest['packs'][number]> {
  const sources = new Map([['pack.yaml', manifest]])
  const { pack, diagnostics } = await parsePack({ file: 'pack.yaml', text: manifest })
  if (pack === undefined) throw new Error(JSON.stringify(diagnostics))
  return { pack, sources }
}

/** A start request for a runbook with these steps. */
export async function request(steps: string, inputs: JsonObject = {}): Promise<StartRequest> {
  const text = `
runbook: 1
name: test/run
version: 1.0.0
use: { t: things@^1.0.0 }
targets: { place: t/Place }
inputs: { type: object }
steps:
${steps}
`
  const { runbook, diagnostics } = parseRunbook(text, 'test.runbook.yaml')
  if (runbook === undefined) throw new Error(JSON.stringify(diagnostics))
  return { runbook, text, packs: [await thingsPack()], inputs, targets: { place: 'lab' } }
}
