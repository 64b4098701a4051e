// The idempotency token of a call: for a while a repeat gets the first answer and does nothing. [S18]
import type { Answer } from './against-openapi.ts'
import { Refusal, type World } from './model.ts'

export interface ClientTokens {
  /** Refuses the same token with another request, or any repeat where the platform is set to. */
  once(token: string | undefined, request: string, does: () => Answer): Answer
}

const TOKEN_LIFETIME_MS = 15 * 60_000

export function createClientTokens({ clock, behaviour }: World): ClientTokens {
  const known = new Map<string, { readonly request: string; readonly answer: Answer; readonly at: number }>()
  return {
    once: (token, request, does) => {
      const earlier = token === undefined ? undefined : known.get(token)
      if (earlier && clock.now() - earlier.at < TOKEN_LIFETIME_MS) {
        const refused = earlier.request !== request || behaviour.repeatedToken === 'refused'
        if (refused) throw new Refusal(429, 'Idempotency check failed.')
        return earlier.answer
      }
      const answer = does()
      if (token !== undefined) known.set(token, { request, answer, at: clock.now() })
      return answer
    },
  }
}
