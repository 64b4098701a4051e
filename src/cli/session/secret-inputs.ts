// Secrets that inputs of runs refer to: got from where the reference says, relative to the configuration.
import type { SecretResolver } from '../../engine/index.ts'
import { type JsonObject, secretReferencesIn } from '../../values/index.ts'
import { inputSecretUnresolved } from '../codes.ts'
import { type Config, resolveSecret, SecretMissing } from '../config/index.ts'
import type { Host } from '../host.ts'
import { Refusal } from '../refusal.ts'

export const secretResolver =
  (host: Host, { directory }: Config): SecretResolver =>
  (source) =>
    resolveSecret(source, directory, host.env)

/** Throws Refusal, before anything is touched, with all that cannot be had. */
export async function assertSecrets(host: Host, config: Config, inputs: JsonObject): Promise<void> {
  const resolve = secretResolver(host, config)
  const problems = await Promise.all(
    secretReferencesIn(inputs).map(async ({ $secret }) => {
      try {
        await resolve($secret)
        return undefined
      } catch (error) {
        if (error instanceof SecretMissing) return error.message
        throw error
      }
    }),
  )
  const missing = problems.filter((problem) => problem !== undefined)
  if (missing.length > 0) throw new Refusal(missing.map(inputSecretUnresolved))
}
