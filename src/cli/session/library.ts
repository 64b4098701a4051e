// The packs and runbooks that are at hand: those that come with Holdfast, and those that the configuration adds.
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, isAbsolute, join, relative, resolve } from 'node:path'
import { type Diagnostic, didYouMean } from '../../diagnostics/index.ts'
import type { RunbookWithText } from '../../engine/index.ts'
import {
  type CatalogueView,
  checkRunbook,
  type ParsedRunbook,
  parseRunbook,
  type Runbook,
  runbookCallsIn,
  type Step,
} from '../../language/index.ts'
import {
  type Catalogue,
  checkLock,
  checkRunbookLock,
  checkRunbookUses,
  checkUses,
  createCatalogue,
  LOCK_FILE,
  type Lock,
  loadPack,
  type Pack,
  preparedPack,
  readLock,
} from '../../packs/index.ts'
import { fileUnreadable, packMissing, runbookNotFound } from '../codes.ts'
import type { Config } from '../config/index.ts'
import type { Host } from '../host.ts'
import { Refusal, type Sources } from '../refusal.ts'

export const RUNBOOK_ENDING = '.runbook.yaml'
/** Always at hand under the alias of its name. */
const CORE = 'core'

export interface LoadedPack {
  readonly pack: Pack
  readonly sources: Sources
}

export interface LoadedPacks {
  readonly packs: readonly LoadedPack[]
  readonly catalogue: Catalogue
  readonly diagnostics: readonly Diagnostic[]
  readonly sources: Sources
}

export interface LoadedRunbook extends LoadedPacks {
  /** Those that it calls, directly or not. */
  readonly runbooks: readonly RunbookWithText[]
  /** Absent when it cannot be run; `diagnostics` say why. */
  readonly runbook?: Runbook
  readonly text: string
}

interface ReadRunbook extends ParsedRunbook {
  readonly file: string
  readonly text: string
}

export interface LoadOptions {
  /** Also read the OpenAPI documents, which only calls need. */
  readonly operations: boolean
}

export interface Library {
  /** What is wrong with the list of packs itself. */
  readonly diagnostics: readonly Diagnostic[]
  packNames(): readonly string[]
  loadPacks(names: Iterable<string>, options: LoadOptions): Promise<LoadedPacks>
  /** All runbooks of the packs at hand, as others may call them. Those that cannot be read are left out. */
  callableRunbooks(): Promise<readonly RunbookWithText[]>
  /** File of a runbook given as a file or a name. Throws Refusal. */
  findRunbook(fileOrName: string): string
  /** Parsed and checked, with those it calls, against the packs that they use. Throws Refusal when there is no such file. */
  loadRunbook(file: string, options: LoadOptions): Promise<LoadedRunbook>
}

/** Packs by their folder, each read once. Whoever keeps it longer than a command drops what has changed. */
export type PackCache = Map<string, ReturnType<typeof loadPack>>

export function createLibrary(host: Host, config: Config, loading: PackCache = new Map()): Library {
  const { directories, diagnostics: missing } = packDirectories(host, config)

  /** Each pack is read once. */
  function load(directory: string, options: LoadOptions): ReturnType<typeof loadPack> {
    const key = options.operations ? `${directory} with operations` : directory
    const loaded = loading.get(key) ?? loadOrTakePrepared(host, directory, options)
    loading.set(key, loaded)
    return loaded
  }

  async function loadPacks(names: Iterable<string>, options: LoadOptions): Promise<LoadedPacks> {
    const packs: LoadedPack[] = []
    const diagnostics: Diagnostic[] = []
    const sources = new Map<string, string>()
    for (const name of new Set(names)) {
      const directory = directories.get(name)
      // A runbook that uses a pack which is not there is told so by its own check, with the place.
      if (directory === undefined) continue
      const loaded = await load(directory, options)
      diagnostics.push(...loaded.diagnostics)
      for (const [file, text] of loaded.sources) sources.set(file, text)
      if (loaded.pack) packs.push({ pack: loaded.pack, sources: loaded.sources })
    }
    return { packs, catalogue: createCatalogue(packs.map(({ pack }) => pack)), diagnostics, sources }
  }

  const runbookFiles = (): ReadonlyMap<string, string> =>
    new Map(
      [...directories].flatMap(([pack, directory]) =>
        readdirSync(directory)
          .filter((file) => file.endsWith(RUNBOOK_ENDING))
          .map((file) => [`${pack}/${basename(file, RUNBOOK_ENDING)}`, join(directory, file)] as const),
      ),
    )

  function findRunbook(fileOrName: string): string {
    if (existsSync(resolve(host.workingDirectory, fileOrName))) return fileOrName
    const byName = runbookFiles()
    const file = byName.get(fileOrName)
    if (file !== undefined) return shortest(host.workingDirectory, file)
    throw new Refusal([runbookNotFound(fileOrName, didYouMean(fileOrName, byName.keys()))])
  }

  async function readRunbook(file: string): Promise<ReadRunbook> {
    const text = await readText(host, file)
    return { file, text, ...parseRunbook(text, file) }
  }

  /** By name, those that the steps call and those that these call in turn. A name that there is no file for is left out. */
  async function readCalled(
    steps: readonly Step[],
    files: ReadonlyMap<string, string>,
    called = new Map<string, ReadRunbook>(),
  ): Promise<ReadonlyMap<string, ReadRunbook>> {
    for (const { runbook: name } of runbookCallsIn(steps)) {
      const file = files.get(name)
      if (file === undefined || called.has(name)) continue
      const read = await readRunbook(shortest(host.workingDirectory, file))
      called.set(name, read)
      if (read.draft) await readCalled(read.draft.runbook.steps, files, called)
    }
    return called
  }

  async function callableRunbooks(): Promise<readonly RunbookWithText[]> {
    const all = [...runbookFiles()].map(async ([name, file]) => [name, await readRunbook(file)] as const)
    return (await Promise.all(all)).flatMap(withText)
  }

  async function loadRunbook(file: string, options: LoadOptions): Promise<LoadedRunbook> {
    const main = await readRunbook(file)
    const { runbook, draft, text, diagnostics } = main
    if (!draft)
      return { packs: [], runbooks: [], catalogue: createCatalogue([]), text, sources: new Map([[file, text]]), diagnostics }

    const calls = runbookCallsIn(draft.runbook.steps).length > 0
    const files = calls ? runbookFiles() : new Map<string, string>()
    const called = await readCalled(draft.runbook.steps, files)
    const documents = [main, ...called.values()].flatMap((read) => (read.draft ? [{ ...read, draft: read.draft }] : []))
    const used = await loadPacks([CORE, ...documents.flatMap((each) => each.draft.runbook.uses.map(({ pack }) => pack))], options)
    const byName = Object.fromEntries([...files.keys()].map((name) => [name, called.get(name)?.draft?.runbook]))
    const catalogue = createCatalogue(
      used.packs.map(({ pack }) => pack),
      byName,
    )
    const sources = new Map([...used.sources, ...[main, ...called.values()].map((each) => [each.file, each.text] as const)])
    const runbooks = [...called].flatMap(withText)
    // What could be read of a broken runbook is checked too: all problems in one pass. [P12]
    const { lock, diagnostics: lockFile } = await lockBeside(config, sources)
    const uses = documents.flatMap((each) => each.draft.runbook.uses)
    const ranges = checkUses(uses, catalogue.packs, lock)
    // Where the range and the lock exclude each other, that the pack is not the locked one is no news.
    const excluded = new Set(ranges.filter(({ code }) => code === 'LOCK_RANGE_UNMET').map(({ span }) => span))
    // What is wrong with a pack that is there has been told at its own file.
    const broken = new Set(
      uses.filter(({ pack }) => directories.has(pack) && catalogue.packs[pack] === undefined).map(({ span }) => span),
    )
    const others = used.packs.filter(({ pack }) => !uses.some((use) => use.pack === pack.name && excluded.has(use.span)))
    const found = [
      ...lockFile,
      ...(lock
        ? lockProblems(
            lock,
            others.map(({ pack }) => pack),
            runbooks,
          )
        : []),
      ...ranges,
      ...documents.flatMap((each) => [
        ...checkRunbookUses(each.draft.runbook.steps, catalogue.runbook),
        ...checkRunbook(each.draft.runbook, catalogue satisfies CatalogueView, each.draft.broken),
      ]),
    ]
    const parsed = [main, ...called.values()].flatMap((each) => each.diagnostics)
    const news = found.filter(({ code, span }) => code !== 'PACK_UNKNOWN' || span === undefined || !broken.has(span))
    const all = [...used.diagnostics, ...parsed, ...news]
    return { packs: used.packs, catalogue, runbooks, ...(runbook ? { runbook } : {}), text, sources, diagnostics: all }
  }

  return {
    diagnostics: missing,
    packNames: () => [...directories.keys()],
    loadPacks,
    callableRunbooks,
    findRunbook,
    loadRunbook,
  }
}

/** What was locked beside the configuration; nothing where there is no lock file. */
async function lockBeside(
  { directory }: Config,
  sources: Map<string, string>,
): Promise<{ readonly lock?: Lock; readonly diagnostics: readonly Diagnostic[] }> {
  const file = join(directory, LOCK_FILE)
  if (!existsSync(file)) return { diagnostics: [] }
  const text = await readFile(file, 'utf8')
  sources.set(LOCK_FILE, text)
  return readLock(text)
}

/** How the packs of a runbook, and the runbooks that it calls, differ from those that were locked. */
function lockProblems(lock: Lock, packs: readonly Pack[], runbooks: readonly RunbookWithText[]): readonly Diagnostic[] {
  // Other runbooks may use the packs that this one does not.
  return [...checkLock(lock, packs).filter(({ code }) => code !== 'LOCK_PACK_UNUSED'), ...checkRunbookLock(lock, runbooks)]
}

const withText = ([name, { runbook, text }]: readonly [string, ReadRunbook]): readonly RunbookWithText[] =>
  runbook ? [{ name, runbook, text }] : []

async function loadOrTakePrepared(host: Host, directory: string, options: LoadOptions): ReturnType<typeof loadPack> {
  return (await preparedPack(directory, host.preparedDirectory)) ?? loadPack(directory, options)
}

/** Folder of each pack by its name, which is the folder's. What the configuration adds wins. */
function packDirectories(
  host: Host,
  config: Config,
): { directories: ReadonlyMap<string, string>; diagnostics: readonly Diagnostic[] } {
  const isPack = (directory: string): boolean => existsSync(join(directory, 'pack.yaml'))
  const shipped = readdirSync(host.packsDirectory).map((name) => join(host.packsDirectory, name))
  const all = [...shipped, ...config.packs.map(({ directory }) => directory)]
  return {
    directories: new Map(all.filter(isPack).map((directory) => [basename(directory), directory])),
    diagnostics: config.packs
      .filter(({ directory }) => !isPack(directory))
      .map(({ directory, span }) => packMissing(directory, span)),
  }
}

/** Throws Refusal. */
export async function readText(host: Host, file: string): Promise<string> {
  const path = resolve(host.workingDirectory, file)
  try {
    return host.unsaved?.get(path) ?? (await readFile(path, 'utf8'))
  } catch (error) {
    throw new Refusal([fileUnreadable(file, (error as NodeJS.ErrnoException).code ?? String(error))])
  }
}

/** As a person would name the file from here. */
function shortest(from: string, file: string): string {
  const path = relative(from, file)
  return path.startsWith('..') && isAbsolute(file) ? file : path
}
