// holdfast.config.yaml as data. Settings stay unresolved here: secrets are named, never held.
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Diagnostic, Span } from '../../diagnostics/index.ts'
import { entryOf, readYaml, schemaDiagnostics, toJson, type YamlMap, type YamlNode } from '../../language/index.ts'
import { type Json, parseDuration } from '../../values/index.ts'
import { configNotFound, fileUnreadable } from '../codes.ts'
import type { Host } from '../host.ts'
import { hasErrors, Refusal, type Sources } from '../refusal.ts'
import { type AlertSettings, alertsOf } from './alerts.ts'
import { configSchema } from './schema.ts'

export const CONFIG_FILE = 'holdfast.config.yaml'

export interface Config {
  /** As named; absent when there is none and everything is at its default. */
  readonly file?: string
  /** What relative paths in it start from. */
  readonly directory: string
  /** Absolute. */
  readonly stateDirectory: string
  /** Folders of packs besides those that come with Holdfast, absolute. */
  readonly packs: readonly { readonly directory: string; readonly span: Span }[]
  readonly targets: ReadonlyMap<string, ConfiguredTarget>
  readonly alerts: AlertSettings
  /** How long runs that have ended and owe nothing are kept; absent: for ever. */
  readonly retentionMs?: number
  /** The document; absent when there is none. */
  readonly root?: YamlMap
  readonly sources: Sources
}

export interface ConfiguredTarget {
  readonly name: string
  readonly nameSpan: Span
  /** Qualified connection type. */
  readonly connection: string
  readonly connectionSpan: Span
  /** `connection` and the settings, as they stand in the file. */
  readonly node: YamlMap
}

/** The configuration that the command line names, else the one in the working directory, else the defaults. Throws Refusal. */
export async function loadConfig(host: Host, named: string | undefined): Promise<Config> {
  const file = named ?? CONFIG_FILE
  let text: string
  try {
    text = await readFile(resolve(host.workingDirectory, file), 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') throw new Refusal([fileUnreadable(file, code ?? String(error))])
    if (named !== undefined) throw new Refusal([configNotFound(file)])
    return defaultConfig(host.workingDirectory)
  }
  const { config, diagnostics, sources } = readConfig(text, file, host.workingDirectory)
  if (!config || hasErrors(diagnostics)) throw new Refusal(diagnostics, { sources })
  return config
}

/** What holds where there is no configuration. */
export const defaultConfig = (directory: string): Config => ({
  directory,
  stateDirectory: resolve(directory, '.holdfast'),
  packs: [],
  targets: new Map(),
  alerts: alertsOf(undefined),
  sources: new Map(),
})

export interface ReadConfig {
  /** Present where the rest can be understood, also beside problems. */
  readonly config?: Config
  readonly diagnostics: readonly Diagnostic[]
  readonly sources: Sources
}

/** Pure. What needs the packs (connection types, settings) is checked by `checkTargets`. */
export function readConfig(text: string, file: string, workingDirectory: string): ReadConfig {
  const sources = new Map([[file, text]])
  const { root, diagnostics } = readYaml(text, file)
  if (!root) return { diagnostics, sources }
  const problems = [...diagnostics, ...schemaDiagnostics(root, configSchema, 'CONFIG')]
  if (root.kind !== 'map') return { diagnostics: problems, sources }
  const directory = dirname(resolve(workingDirectory, file))
  const retentionMs = parseDuration(textOf(entryOf(root, 'retention')?.value) ?? '')
  const textAt = (key: string): string | undefined => textOf(entryOf(root, key)?.value)
  const config: Config = {
    file,
    directory,
    stateDirectory: resolve(directory, textAt('stateDirectory') ?? '.holdfast'),
    packs: textsOf(entryOf(root, 'packs')?.value).map(({ text: path, span }) => ({ directory: resolve(directory, path), span })),
    targets: targetsOf(entryOf(root, 'targets')?.value),
    alerts: alertsOf(entryOf(root, 'alerts')?.value),
    ...(retentionMs === undefined ? {} : { retentionMs }),
    root,
    sources,
  }
  return { config, diagnostics: problems, sources }
}

function targetsOf(node: YamlNode | undefined): Config['targets'] {
  const targets = new Map<string, ConfiguredTarget>()
  if (node?.kind !== 'map') return targets
  for (const { key, keySpan, value } of node.entries) {
    if (value.kind !== 'map') continue
    const connection = entryOf(value, 'connection')?.value
    const type = textOf(connection)
    if (!connection || type === undefined) continue
    targets.set(key, { name: key, nameSpan: keySpan, connection: type, connectionSpan: connection.span, node: value })
  }
  return targets
}

const textOf = (node: YamlNode | undefined): string | undefined => {
  const value: Json | undefined = node && toJson(node)
  return typeof value === 'string' ? value : undefined
}
const textsOf = (node: YamlNode | undefined): readonly { text: string; span: Span }[] =>
  (node?.kind === 'list' ? node.items : []).flatMap((item) => {
    const text = textOf(item)
    return text === undefined ? [] : [{ text, span: item.span }]
  })
