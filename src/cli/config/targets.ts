// Targets against the connection types of the packs, and as the connections that a run is given.
import { resolve } from 'node:path'
import { type Diagnostic, didYouMean } from '../../diagnostics/index.ts'
import { schemaDiagnostics, toJson } from '../../language/index.ts'
import type { Catalogue, Connection, ConnectionType } from '../../packs/index.ts'
import { fillDefaults, type Json, type JsonObject, Secret, type SecretSource } from '../../values/index.ts'
import { connectionUnknown, secretLiteral, secretUnresolved, targetUnknown } from '../codes.ts'
import { refuseErrors } from '../refusal.ts'
import type { Config, ConfiguredTarget } from './read.ts'
import { isPath, isSecret, targetSchema } from './schema.ts'
import { resolveSecret, SecretMissing } from './secrets.ts'

/** Problems of the targets against the connection types of these packs. */
export function checkTargets(config: Config, catalogue: Catalogue): readonly Diagnostic[] {
  if (!config.root) return []
  const typed = [...config.targets.values()].map((target) => ({ target, type: catalogue.connection(target.connection) }))
  // That a name without a slash is none has been said by the shape of the file.
  const unknown = typed
    .filter(({ type, target }) => !type && target.connection.includes('/'))
    .map(({ target }) => wrongType(target, catalogue))
  const known = typed.flatMap(({ target, type }) => (type ? [{ target, type }] : []))
  const literals = known.flatMap(({ target, type }) =>
    target.node.entries.filter(({ key, value }) => value.kind === 'scalar' && isSecret(type, key)),
  )
  const schemas = Object.fromEntries(known.map(({ target, type }) => [target.name, targetSchema(type)]))
  const misfits = schemaDiagnostics(config.root, { properties: { targets: { properties: schemas } } }, 'CONFIG')
  return [
    ...unknown,
    ...literals.map(({ key, value }) => secretLiteral(key, value.span)),
    // That a literal is no source of a secret has been said better.
    ...misfits.filter(({ span }) => !literals.some(({ value }) => value.span.start === span?.start)),
  ]
}

const wrongType = ({ connection, connectionSpan }: ConfiguredTarget, catalogue: Catalogue): Diagnostic =>
  connectionUnknown(connection, connectionSpan, didYouMean(connection, connectionTypes(catalogue)))

const connectionTypes = (catalogue: Catalogue): readonly string[] =>
  Object.values(catalogue.packs).flatMap(({ connections }) => Object.values(connections).map(({ name }) => name))

/** These targets, with their secrets in hand, by name. Throws Refusal with all that cannot be had. */
export async function openTargets(
  config: Config,
  names: Iterable<string>,
  catalogue: Catalogue,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ReadonlyMap<string, Connection>> {
  const connections = new Map<string, Connection>()
  const diagnostics: Diagnostic[] = []
  for (const name of new Set(names)) {
    const target = config.targets.get(name)
    const type = target && catalogue.connection(target.connection)
    if (!target || !type) {
      diagnostics.push(targetUnknown(name, 'the configuration', didYouMean(name, config.targets.keys())))
      continue
    }
    const opened = await openTarget(target, type, config, env)
    connections.set(name, opened.connection)
    diagnostics.push(...opened.diagnostics)
  }
  refuseErrors(diagnostics, config.sources)
  return connections
}

async function openTarget(
  target: ConfiguredTarget,
  type: ConnectionType,
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ connection: Connection; diagnostics: readonly Diagnostic[] }> {
  const entries = target.node.entries.filter(({ key }) => key !== 'connection')
  const plain = entries
    .filter(({ key }) => !isSecret(type, key))
    .map(({ key, value }) => {
      const setting = toJson(value)
      return [key, isPath(type, key) && typeof setting === 'string' ? resolve(config.directory, setting) : setting] as const
    })
  const { value: filled } = fillDefaults(type.properties, Object.fromEntries(plain))
  const settings: Record<string, Json | Secret> = { ...(filled as JsonObject) }
  const diagnostics: Diagnostic[] = []
  for (const { key, keySpan, value } of entries.filter((entry) => isSecret(type, entry.key))) {
    try {
      // The schema of the target has been checked, so this is where the secret is to be had.
      settings[key] = await resolveSecret(toJson(value) as unknown as SecretSource, config.directory, env)
    } catch (error) {
      if (!(error instanceof SecretMissing)) throw error
      diagnostics.push(secretUnresolved(target.name, key, error.message, keySpan))
    }
  }
  return { connection: { target: target.name, type: type.name, settings }, diagnostics }
}

export const secretsOf = ({ settings }: Connection): readonly Secret[] =>
  Object.values(settings).filter((value) => value instanceof Secret)
