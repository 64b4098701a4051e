// Every diagnostic of packs, worded in one place: one builder for each code. What a code means to its reader stands in `code-table.ts`.
import { type Diagnostic, didYouMean, type Span } from '../diagnostics/index.ts'
import { formatDuration } from '../values/index.ts'
import type { PackDiagnosticCode } from './code-table.ts'

const error = (code: PackDiagnosticCode, span: Span | undefined, message: string, hint?: string): Diagnostic => ({
  code,
  severity: 'error',
  message,
  ...(span === undefined ? {} : { span }),
  ...(hint === undefined ? {} : { hint }),
})

const list = (words: readonly string[]): string => words.join(', ')

function meant(word: string, candidates: readonly string[]): string | undefined {
  const close = didYouMean(word, candidates)
  if (close !== undefined) return `Did you mean ${close}?`
  return candidates.length > 0 && candidates.length <= 12 ? `Known here: ${list(candidates.toSorted())}.` : undefined
}

export const fileMissing = (path: string, span?: Span) =>
  error('PACK_FILE_MISSING', span, `${path} cannot be read`, 'Check the name, and that the file is there.')

export const documentEmpty = (span: Span) =>
  error('PACK_INVALID', span, 'the document holds nothing', 'Start with pack: 1, name, version, title and actions.')

export const versionInvalid = (span: Span, version: string) =>
  error('PACK_VERSION_INVALID', span, `${version} is not a semantic version`, 'Write three numbers, such as 1.0.0.')

export const resultIncomplete = (span: Span, name: string) =>
  error('PACK_RESULT_INCOMPLETE', span, `the output requires ${name}, which the result lacks`, `Add ${name} under result.`)

export const resultUnknown = (span: Span, name: string, known: readonly string[]) =>
  error('PACK_RESULT_UNKNOWN', span, `the output has no ${name}`, meant(name, known))

export const rangeInvalid = (span: Span, range: string) =>
  error(
    'PACK_RANGE_INVALID',
    span,
    `${range} is not a range of versions`,
    'Write the version that you tested with, such as ^1.0.0.',
  )

export const rangeUnmet = (span: Span, pack: string, range: string, version: string) =>
  error('PACK_RANGE_UNMET', span, `the pack ${pack} is at version ${version}, which ${range} does not take`)

export const runbookRangeUnmet = (span: Span, runbook: string, range: string, version: string) =>
  error('RUNBOOK_RANGE_UNMET', span, `the runbook ${runbook} is at version ${version}, which ${range} does not take`)

export const nameUnknown = (span: Span, kind: string, name: string, known: readonly string[]) =>
  error('PACK_NAME_UNKNOWN', span, `there is no ${kind} ${name}`, meant(name, known))

export const schemaInvalid = (span: Span, message: string) =>
  error('PACK_SCHEMA_INVALID', span, `this is not a JSON Schema (2020-12): ${message}`)

export const shapeTaken = (span: Span, name: string) =>
  error('PACK_SCHEMA_INVALID', span, `every pack has the shape ${name} already`, 'Choose another name.')

export const shapeCircular = (span: Span, name: string) =>
  error('PACK_SCHEMA_INVALID', span, `the shape ${name} leads back to this one`)

export const shapeTwice = (span: Span, name: string, keyword: string) =>
  error(
    'PACK_SCHEMA_INVALID',
    span,
    `${keyword} stands here and in the shape ${name}`,
    'Say it once: beside the reference stands what the shape does not say.',
  )

export const meaningUnknown = (span: Span, word: string, known: readonly string[]) =>
  error('PACK_MEANING_UNKNOWN', span, `x-means does not know ${word}`, meant(word, known) ?? `Words: ${list(known)}.`)

export const rootUnknown = (span: Span, root: string, roots: readonly string[]) =>
  error('PACK_ROOT_UNKNOWN', span, `${root} does not exist in this expression`, meant(root, roots))

export const bindingMissing = (span: Span, action: string) =>
  error('PACK_BINDING_INVALID', span, `${action} does nothing`, 'Bind it to an operation, or say handler: true.')

export const bindingDouble = (span: Span, action: string) =>
  error('PACK_BINDING_INVALID', span, `${action} is both an operation and a handler`, 'Keep one of the two.')

export const bindingForeign = (span: Span, key: string) =>
  error('PACK_BINDING_INVALID', span, `${key} is for actions that are operations; a handler does this in code`, `Remove ${key}.`)

export const openapiMissing = (span: Span) =>
  error('PACK_BINDING_INVALID', span, 'an operation needs an OpenAPI document', 'Name it at the top: openapi: openapi.yaml')

export const operationUnknown = (span: Span, operationId: string, known: readonly string[]) =>
  error('PACK_OPERATION_UNKNOWN', span, `the OpenAPI document has no operation ${operationId}`, meant(operationId, known))

export const parameterUnknown = (span: Span, where: string, name: string, operationId: string, known: readonly string[]) =>
  error('PACK_PARAMETER_UNKNOWN', span, `${operationId} has no ${where} parameter ${name}`, meant(name, known))

export const parameterMissing = (span: Span, where: string, name: string, operationId: string, part: string) =>
  error('PACK_PARAMETER_MISSING', span, `${operationId} needs the ${where} parameter ${name}`, `Give it in request.${part}.`)

export const bodyUnexpected = (span: Span, operationId: string) =>
  error('PACK_BODY_UNEXPECTED', span, `${operationId} takes no JSON body`)

export const bytesUnexpected = (span: Span, operationId: string) =>
  error('PACK_BODY_UNEXPECTED', span, `${operationId} takes no body of bytes`, 'Describe one as application/octet-stream.')

export const bytesUnanswered = (span: Span, operationId: string) =>
  error('PACK_BODY_UNEXPECTED', span, `${operationId} answers no bytes`, 'Describe them as application/octet-stream.')

export const bodyMissing = (span: Span, operationId: string) =>
  error('PACK_BODY_MISSING', span, `${operationId} needs a body`, 'Give it in request.body.')

export const readMethod = (span: Span, action: string, method: string) =>
  error(
    'PACK_READ_METHOD',
    span,
    `${action} is said to read, but its operation is a ${method}`,
    'State the true effect, or say with readsWith why this request changes nothing.',
  )

export const connectionSlot = (span: Span, action: string, count: number) =>
  error(
    'PACK_CONNECTION_SLOT',
    span,
    `${action} has ${count === 0 ? 'no input' : `${count} inputs`} marked x-connection; an operation needs exactly one`,
  )

export const connectionUrl = (span: Span, connection: string) =>
  error(
    'PACK_CONNECTION_SLOT',
    span,
    `operations go over ${connection}, which has no required setting url`,
    'Add url: { type: string, format: uri } and require it.',
  )

export const resourceMissing = (span: Span, action: string, effect: string) =>
  error('PACK_RESOURCE_MISSING', span, `${action} has effect ${effect} but names no resource`)

export const resourceUnexpected = (span: Span, action: string, effect: string) =>
  error('PACK_RESOURCE_UNEXPECTED', span, `${action} has effect ${effect}; only acquire and release name a resource`)

export const effectWrong = (span: Span, role: string, action: string, effect: string, wanted: string) =>
  error('PACK_EFFECT_WRONG', span, `${role} is ${action}, whose effect is ${effect}; it must be ${wanted}`)

export const sweepOutput = (span: Span, action: string, problem: string) =>
  error('PACK_SWEEP_OUTPUT', span, `${action} ${problem}`, 'Name the reads in order, each for the items of the one before.')

export const secretUnmarked = (span: Span, role: string, action: string, input: string, acquire: string) =>
  error(
    'PACK_SECRET_UNMARKED',
    span,
    `${role} ${action} takes ${input}, which is secret for ${acquire}, and does not mark it so`,
    `Mark ${input} of ${action} with x-secret: true; else it gets no more than a reference.`,
  )

export const releaseUnsafe = (span: Span, resource: string) =>
  error(
    'PACK_RELEASE_UNSAFE',
    span,
    `nobody could tell whether a ${resource} came to be after a lost answer`,
    'Give the type find, or an idempotent release whose inputs are all inputs of the acquire.',
  )

export const criticalUnbounded = (span: Span, resource: string, missing: readonly string[]) =>
  error(
    'PACK_CRITICAL_UNBOUNDED',
    span,
    `${resource} is critical and needs ${missing.join(' and ')}`,
    missing.includes('deadman') ? 'Where nothing else lets go, say so: deadman: none' : undefined,
  )

export const deadmanMissing = (span: Span, resource: string) =>
  error(
    'PACK_DEADMAN_MISSING',
    span,
    `a ${resource} lives by its lease, but nothing says what happens when nobody renews it any more`,
    'Where the platform lets go then, say deadman: platform; else deadman: none.',
  )

export const leaseTooSlow = (span: Span, resource: string, renewedMs: number, lifetimeMs: number) =>
  error(
    'PACK_LEASE_TOO_SLOW',
    span,
    `one lost renewal could lose a ${resource}: the next may take until ${formatDuration(renewedMs)}, and the lease lives for ${formatDuration(lifetimeMs)}`,
    'Renew more often, or give the renewal a shorter timeout.',
  )

export const inputUnobtainable = (span: Span, role: string, action: string, input: string, acquire: string, weak: boolean) =>
  error(
    'PACK_INPUT_UNOBTAINABLE',
    span,
    `${role} ${action} needs ${input}, which ${acquire} ${weak ? 'may leave out' : 'neither takes nor answers'}`,
    weak ? `Require ${input} in ${acquire}, or give it a default.` : 'Inputs are taken by name: use the same name in both.',
  )

export const findOutput = (span: Span, action: string, missing: string, acquire?: string) =>
  error(
    'PACK_FIND_OUTPUT',
    span,
    acquire === undefined
      ? `${action} looks something up, so its output must require ${missing}`
      : `${action} must also answer ${missing}, as ${acquire} does: what it finds is adopted in its place`,
  )

export const parentCycle = (span: Span, path: readonly string[]) =>
  error('PACK_PARENT_CYCLE', span, `these resource types are children of each other: ${path.join(' → ')}`)

export const renewalUnsafe = (span: Span, action: string) =>
  error('PACK_RENEWAL_UNSAFE', span, `${action} renews a lease, so it must be safe to repeat`, 'State idempotent: true.')

export const keyUnused = (span: Span, action: string) =>
  error(
    'PACK_KEY_UNUSED',
    span,
    `${action} is keyed but sends no key`,
    'Put ${ attempt.key } where the platform expects its idempotency token.',
  )

export const selectorOpen = (span: Span, name: string, action: string, wants: readonly string[]) =>
  error(
    'PACK_SELECTOR_OPEN',
    span,
    `${name} selects what ${action} changes, so its schema must refuse an empty one`,
    `Add ${list(wants)}.`,
  )

export const openapiInvalid = (span: Span, place: string, message: string) =>
  error('OPENAPI_INVALID', span, `${place} ${message}`)

export const openapiVersion = (span: Span, version: string) =>
  error('OPENAPI_VERSION', span, `OpenAPI ${version} is not supported`, 'Write openapi: 3.1.0')

export const openapiReference = (span: Span | undefined, message: string) => error('OPENAPI_REFERENCE', span, message)

export const operationTaken = (span: Span, operationId: string, first: string) =>
  error('OPENAPI_OPERATION_TAKEN', span, `operationId ${operationId} is used by ${first} already`)

export const lockEmpty = (span: Span) =>
  error('LOCK_INVALID', span, 'the document holds nothing', 'Write it anew from the packs that you mean to use.')

export const lockPackMissing = (pack: string, version: string) =>
  error(
    'LOCK_PACK_MISSING',
    undefined,
    `pack ${pack} ${version} is not in the lock file`,
    'Review the pack, then lock it with `holdfast lock`.',
  )

export const lockPackChanged = (span: Span | undefined, pack: string, locked: string, present: string) =>
  error(
    'LOCK_PACK_CHANGED',
    span,
    `pack ${pack} is locked at ${locked} but is ${present}`,
    'Review the change, then lock it anew with `holdfast lock`.',
  )

export const lockRunbookMissing = (runbook: string, version: string) =>
  error(
    'LOCK_RUNBOOK_MISSING',
    undefined,
    `runbook ${runbook} ${version} is called but not in the lock file`,
    'Review the runbook, then lock it with `holdfast lock`.',
  )

export const lockRunbookChanged = (span: Span | undefined, runbook: string, locked: string, present: string) =>
  error(
    'LOCK_RUNBOOK_CHANGED',
    span,
    `runbook ${runbook} is locked at ${locked} but is ${present}`,
    'Review the change, then lock it anew with `holdfast lock`.',
  )

export const lockRangeUnmet = (
  span: Span,
  pack: string,
  range: string,
  locked: { readonly version: string; readonly span?: Span },
): Diagnostic => ({
  ...error(
    'LOCK_RANGE_UNMET',
    span,
    `pack ${pack} is locked at version ${locked.version}, which ${range} does not take`,
    'Review the pack at hand, then lock it anew with `holdfast lock`.',
  ),
  ...(locked.span ? { related: [{ message: 'locked here', span: locked.span }] } : {}),
})

export const lockPackUnused = (span: Span | undefined, pack: string): Diagnostic => ({
  ...error('LOCK_PACK_UNUSED', span, `pack ${pack} is locked but not used`),
  severity: 'warning',
})
