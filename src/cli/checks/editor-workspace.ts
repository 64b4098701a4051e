// The files around an editor's documents, as `check` sees them: each document belongs to the configuration next above it.
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import type { Checked, View, Workspace } from '../../editor/index.ts'
import { createCatalogue, LOCK_FILE } from '../../packs/index.ts'
import type { GlobalOptions } from '../command.ts'
import { CONFIG_FILE, defaultConfig } from '../config/index.ts'
import type { Host } from '../host.ts'
import { Refusal } from '../refusal.ts'
import { createLibrary, openSession, type Session } from '../session/index.ts'
import { checkFile } from './check-file.ts'

interface Place {
  readonly host: Host
  readonly session: Session
  readonly view: Promise<View>
}

export function createWorkspace(host: Host, options: GlobalOptions): Workspace {
  const unsaved = new Map<string, string>()
  const places = new Map<string, Promise<Place>>()

  function placeOf(file: string): Promise<Place> {
    const directory = options.config === undefined ? directoryOf(dirname(file), host.workingDirectory) : host.workingDirectory
    const known = places.get(directory) ?? open({ ...host, workingDirectory: directory, unsaved }, options)
    places.set(directory, known)
    return known
  }

  return {
    async check(file, text) {
      const path = resolve(host.workingDirectory, file)
      unsaved.set(path, text)
      const { host: here, session } = await placeOf(path)
      const named = (each: string): string => resolve(here.workingDirectory, each)
      // A text that was never saved keeps the name that its editor gave it.
      return renamed(await checkFile(here, session, path), (each) => (named(each) === path ? file : named(each)))
    },
    view: async (file) => (await placeOf(resolve(host.workingDirectory, file))).view,
    close: (file) => {
      unsaved.delete(resolve(host.workingDirectory, file))
    },
    forget: () => places.clear(),
  }
}

/** The folder next above that holds a configuration or a lock file; else the folder itself. */
function directoryOf(directory: string, otherwise: string): string {
  for (let at = directory; ; at = dirname(at)) {
    if ([CONFIG_FILE, LOCK_FILE].some((name) => existsSync(join(at, name)))) return at
    if (at === dirname(at)) return existsSync(directory) ? directory : otherwise
  }
}

async function open(host: Host, options: GlobalOptions): Promise<Place> {
  const session = await sessionFor(host, options)
  return { host, session, view: viewOf(session) }
}

/** A broken configuration is reported where it stands; the rest is checked without it. */
async function sessionFor(host: Host, options: GlobalOptions): Promise<Session> {
  try {
    return await openSession(host, options)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const config = defaultConfig(host.workingDirectory)
    return { config, library: createLibrary(host, config) }
  }
}

async function viewOf({ library }: Session): Promise<View> {
  const { packs } = await library.loadPacks(library.packNames(), { operations: false })
  const runbooks = await library.callableRunbooks()
  const manifests = packs.flatMap(({ pack, sources }) => {
    const manifest = [...sources].find(([file]) => file.endsWith('pack.yaml'))
    return manifest ? [[pack.name, { file: manifest[0], text: manifest[1] }] as const] : []
  })
  const byName = Object.fromEntries(runbooks.map(({ runbook }) => [runbook.name, runbook]))
  return {
    catalogue: createCatalogue(
      packs.map(({ pack }) => pack),
      byName,
    ),
    manifests: new Map(manifests),
  }
}

/** The same with other names of files: an editor has no working directory. */
function renamed({ diagnostics, sources }: Checked, name: (file: string) => string): Checked {
  const full = (span: Span): Span => ({ ...span, file: name(span.file) })
  return {
    diagnostics: diagnostics.map(
      (each): Diagnostic => ({
        ...each,
        ...(each.span ? { span: full(each.span) } : {}),
        ...(each.related ? { related: each.related.map(({ message, span }) => ({ message, span: full(span) })) } : {}),
        ...(each.fix ? { fix: each.fix.map(({ span, text }) => ({ span: full(span), text })) } : {}),
      }),
    ),
    sources: new Map([...sources].map(([file, text]) => [name(file), text])),
  }
}
