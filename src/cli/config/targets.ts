// Targets against the connection types of the packs, and as the connections that a run is given.
import { type Diagnostic, didYouMean } from '../../diagnostics/index.ts'
import { schemaDiagnostics, toJson } from '../../language/index.ts'
import type { Catalogue, Connection, ConnectionType } from '../../packs/index.ts'
import { fillDefaults, type Json, type JsonObject, Secret } from '../../values/index.ts'
import { connectionUnknown, secretLiteral, secretUnresolved } from '../codes.ts'
import type { Config, ConfiguredTarget } from './read.ts'
import { isSecret, targetSchema } from './schema.ts'
import { resolveSecret, SecretMissing, type SecretSource } from './secrets.ts'

/** Problems of the targets against the connection types of these packs. */
export function checkTargets(config: Config, catalogue: Catalogue): readonly Diagnostic[] {
  if (!config.root) return []
  const typed = [...config.targets.values()].map((target) => ({ target, type: catalogue.connection(target.connection) }))
  const unknown = typed.filter(({ type }) => !type).map(({ target }) => wrongType(target, catalogue))
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

/** The target's settings with its secrets in hand. Answers diagnostics where one cannot be had. */
export async function openTarget(
  target: ConfiguredTarget,
  type: ConnectionType,
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ connection: Connection; diagnostics: readonly Diagnostic[] }> {
  const entries = target.node.entries.filter(({ key }) => key !== 'connection')
  const plain = entries.filter(({ key }) => !isSecret(type, key)).map(({ key, value }) => [key, toJson(value)] as const)
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
