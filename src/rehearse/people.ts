// People, in rehearsals: somebody who may answers what the run asks after a while, with the least that the question takes.
import { answerApproval } from '../engine/index.ts'
import type { Approval } from '../kernel/index.ts'
import type { Clock } from '../packs/index.ts'
import { isObject, type Json, type JsonObject, type JsonSchema } from '../values/index.ts'
import { LOOKS_EVERY_MS } from './clock.ts'
import type { Stage } from './stage.ts'

/** Until it is over. What cannot be granted, for nobody knows what to say, is denied. */
export async function answerQuestions(
  { journal, clock }: Pick<Stage, 'journal'> & { readonly clock: Clock },
  runId: string,
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    await clock.sleep(LOOKS_EVERY_MS, over).catch(() => {})
    for (const { approval, answer } of await journal.approvals(runId)) if (!answer) await answerOne(approval)
  }

  async function answerOne({ path, by: names = [], inputs, askedAt }: Approval): Promise<void> {
    const [by = 'somebody'] = names
    const at = { runId, path, now: askedAt }
    const told = await answerApproval(journal, at, { kind: 'grant', by, inputs: leastObject(inputs ?? {}) })
    if (told.kind === 'inputsInvalid')
      await answerApproval(journal, at, { kind: 'deny', by, reason: 'a rehearsal has no answer' })
  }
}

function leastObject({ properties, required }: JsonSchema): JsonObject {
  const names = Array.isArray(required) ? required.map(String) : []
  return Object.fromEntries(names.map((name) => [name, least(isObject(properties) ? properties[name] : undefined)]))
}

/** A small value that is likely to fit. */
function least(schema: Json | undefined): Json {
  if (!isObject(schema)) return null
  const { default: otherwise, enum: words, type, minimum, minLength, minItems, items } = schema
  if (otherwise !== undefined) return otherwise
  if (Array.isArray(words)) return words[0] ?? null
  switch (type) {
    case 'object':
      return leastObject(schema)
    case 'array':
      return Array.from({ length: Number(minItems ?? 0) }, () => least(items))
    case 'string':
      return 'x'.repeat(Number(minLength ?? 1))
    case 'integer':
    case 'number':
      return Number(minimum ?? 0)
    case 'boolean':
      return true
    default:
      return null
  }
}
