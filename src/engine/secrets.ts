// Secrets of a run's inputs: a run holds references, and a call gets what they stand for, in its slots for secrets and nowhere else. [P11]
import { type Action, ActionFailure } from '../packs/index.ts'
import { isSecretReference, type Json, type JsonObject, mapSecretSlots, Secret, secretReferencesIn } from '../values/index.ts'
import type { SecretResolver } from './model.ts'

/**
 * Resolves only what stands in these inputs: who runs it has named that. What a platform answers may look like a reference too, and
 * would otherwise read files and start programs here.
 */
export function secretsOfInputs(inputs: JsonObject, resolve: SecretResolver | undefined): SecretResolver {
  const named = new Set(secretReferencesIn(inputs).map(({ $secret }) => JSON.stringify($secret)))
  return async (source) => {
    if (!resolve || !named.has(JSON.stringify(source))) throw new Error('no input of the run names this secret')
    return resolve(source)
  }
}

/** The input as a handler gets it: a `Secret` in place of each reference. Fails where one cannot be had, or stands where none belongs. */
export async function revealed(
  { name, input: schema }: Action,
  input: JsonObject,
  resolve: SecretResolver,
  secrets: Set<Secret>,
): Promise<JsonObject> {
  const wanted = secretReferencesIn(input)
  if (wanted.length === 0) return input
  const found = new Map<string, Secret>()
  for (const { $secret } of wanted) {
    const secret = await resolve($secret).catch((error: Error) => {
      throw unfit(`a secret for ${name} cannot be had: ${error.message}`)
    })
    found.set(JSON.stringify($secret), secret)
    secrets.add(secret)
  }
  const reveal = (value: Json): Json =>
    isSecretReference(value) ? ((found.get(JSON.stringify(value.$secret)) ?? value) as unknown as Json) : value
  const filled = mapSecretSlots(schema, input, reveal) as JsonObject
  if (holdsReference(filled)) throw unfit(`a secret for ${name} stands in an input that is not marked x-secret`)
  return filled
}

function holdsReference(value: unknown): boolean {
  if (value instanceof Secret || typeof value !== 'object' || value === null) return false
  return isSecretReference(value) || Object.values(value).some(holdsReference)
}

const unfit = (message: string): ActionFailure =>
  new ActionFailure({ type: 'inputInvalid', message, retryable: false, applied: 'no' })
