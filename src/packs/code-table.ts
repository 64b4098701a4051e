// What each code means, for the reference page and SARIF rules. Codes never change meaning.
import type { CodeMeaning } from '../language/index.ts'

const TABLE = {
  PACK_FILE_MISSING: {
    title: 'A file of a pack cannot be read',
    explanation:
      'A pack is a folder with pack.yaml and, when it binds actions to operations, the OpenAPI document that pack.yaml names.',
  },
  PACK_KEY_UNKNOWN: {
    title: 'A key is not part of the manifest format',
    explanation: 'Unknown keys are refused, so that a typing error is never ignored.',
  },
  PACK_KEY_MISSING: { title: 'A required key is missing', explanation: 'The map that is pointed at needs this key.' },
  PACK_INVALID: { title: 'A value has the wrong form', explanation: 'The message says what is expected at this place.' },
  PACK_VERSION_INVALID: {
    title: 'A version is not a semantic version',
    explanation: 'Runbooks ask for a range of versions of a pack, so its version must be one that can be compared: 1.4.0.',
  },
  PACK_RANGE_INVALID: {
    title: 'A range of versions cannot be read',
    explanation: 'Ranges are those of npm: ^1.2.0 takes 1.2.0 and everything above it below 2.0.0.',
  },
  PACK_RANGE_UNMET: {
    title: 'A pack has another version than the runbook asks for',
    explanation: 'Use a version of the pack that the range takes, or test the runbook with this one and widen the range.',
  },
  RUNBOOK_RANGE_UNMET: {
    title: 'A called runbook has another version than its caller asks for',
    explanation:
      'Use a version of the called runbook that the range takes, or test the caller with this one and widen the range.',
  },
  PACK_NAME_UNKNOWN: {
    title: 'A name is not defined in the pack',
    explanation:
      'Actions, resource types, connection types, completions, pagings, failures and shapes are named where they are used and defined once.',
  },
  PACK_MEANING_UNKNOWN: {
    title: 'A meaning is not in the vocabulary',
    explanation:
      'What x-means says of an input or output is what plans show as touched, moved and made, so its words are a closed list: group, vm, disk, snapshot, storage, host, repository, each also with .name, and extents, level, consistency, machine, pointTime.',
  },
  PACK_SCHEMA_INVALID: {
    title: 'An input or output is not a JSON Schema',
    explanation:
      'Inputs and outputs are JSON Schemas (2020-12) of objects. A shape that several of them refer to says something of its own, and never leads back to itself.',
  },
  PACK_ROOT_UNKNOWN: {
    title: 'An expression refers to something that is not there',
    explanation:
      'Which names an expression may start with depends on when it is evaluated: a request knows the input, a result also the response.',
  },
  PACK_BINDING_INVALID: {
    title: 'It is not clear what an action does',
    explanation: 'An action is bound either to an operation of the OpenAPI document or to a handler in code.',
  },
  PACK_RESULT_INCOMPLETE: {
    title: 'A result lacks what the output requires',
    explanation: 'Each call of the action would fail once it has been made, with an output that misses its schema.',
  },
  PACK_RESULT_UNKNOWN: {
    title: 'A result holds what the output does not name',
    explanation: 'Runbooks see what the output schema names. Add the property to the schema, or correct its name.',
  },
  PACK_OPERATION_UNKNOWN: {
    title: 'The OpenAPI document has no such operation',
    explanation: 'An action names an operation by its operationId.',
  },
  PACK_PARAMETER_UNKNOWN: {
    title: 'An operation has no such parameter',
    explanation: 'What a request sends must be a parameter that the OpenAPI document describes.',
  },
  PACK_PARAMETER_MISSING: {
    title: 'A required parameter is not given',
    explanation: 'Every path parameter and every other required parameter of the operation needs a value.',
  },
  PACK_BODY_UNEXPECTED: {
    title: 'An operation takes no such body, or answers none',
    explanation: 'The OpenAPI document describes no JSON request body, or no body of bytes in the request or the answer.',
  },
  PACK_BODY_MISSING: { title: 'An operation needs a body', explanation: 'The OpenAPI document requires a JSON request body.' },
  PACK_READ_METHOD: {
    title: 'A read is bound to a method that may change something',
    explanation:
      'Reads run in plans and are repeated freely. One that is not a GET must say in readsWith why it changes nothing.',
  },
  PACK_CONNECTION_SLOT: {
    title: 'It is not clear where an operation is sent',
    explanation: 'Exactly one input of an operation is marked x-connection, and its connection type requires a setting url.',
  },
  PACK_RESOURCE_MISSING: {
    title: 'An acquire or release names no resource type',
    explanation: 'What is acquired must be released; the type says how.',
  },
  PACK_RESOURCE_UNEXPECTED: {
    title: 'An action names a resource type that it neither acquires nor releases',
    explanation: 'Only the effects acquire and release begin and end a resource.',
  },
  PACK_EFFECT_WRONG: {
    title: 'An action cannot play this part',
    explanation: 'find, probe, sweep and readBack only read, a release releases, and a renewal reads or mutates.',
  },
  PACK_RELEASE_UNSAFE: {
    title: 'A lost answer could leave a resource behind',
    explanation:
      'After a lost answer the resource is looked up (find), or released without knowing whether it exists (an idempotent release).',
  },
  PACK_CRITICAL_UNBOUNDED: {
    title: 'A critical resource may be held without bound',
    explanation: 'A critical resource states its maxHold, and in deadman what lets go when nobody is left to.',
  },
  PACK_DEADMAN_MISSING: {
    title: 'Nothing says what lets go of a lease',
    explanation:
      'When the process dies and nobody renews, either the platform lets go (deadman: platform), or something does after a time (deadman: 5m), or nothing does (deadman: none), which every plan then prints.',
  },
  PACK_LEASE_TOO_SLOW: {
    title: 'A lease is renewed too seldom',
    explanation:
      'Within the lifetime there must be time for a renewal whose answer never comes, and for one more. The first is sent after every and given as long again, the next follows after a sixth of every and takes the time-out of the renewal.',
  },
  PACK_INPUT_UNOBTAINABLE: {
    title: 'A call could not be made when it is needed',
    explanation: 'find, probe, renew and release take their inputs by name from what the acquire was given and answered.',
  },
  PACK_FIND_OUTPUT: {
    title: 'A look-up does not answer what is needed',
    explanation: 'Its output requires found, and holds what the acquire would have answered.',
  },
  PACK_SECRET_UNMARKED: {
    title: 'A secret would be passed to an input that is not made for it',
    explanation:
      'find, probe, renew and release take their inputs by name from what the acquire was given. A run holds only a reference to a secret; the secret itself is put in its place where the input is marked x-secret, and nowhere else.',
  },
  PACK_SWEEP_OUTPUT: {
    title: 'A listing does not tell what it lists',
    explanation:
      'Each action under sweep answers exactly one required list of objects. What the next action needs, and all that identifies the resource, is required of the objects, by name; so a sweep can go from one to the next and compare what it finds with the ledger.',
  },
  PACK_PARENT_CYCLE: {
    title: 'Resource types are children of each other',
    explanation: 'Children are released before their parents, so there must be an order.',
  },
  PACK_RENEWAL_UNSAFE: {
    title: 'A renewal is not safe to repeat',
    explanation: 'A renewal whose answer was lost is sent again.',
  },
  PACK_SELECTOR_OPEN: {
    title: 'A selector may be empty',
    explanation:
      'An input marked x-selector says which things an action changes; on many platforms an empty one selects everything. It must be required, and refuse emptiness: minLength for text, minItems for a list, required properties or minProperties for an object.',
  },
  PACK_KEY_UNUSED: {
    title: 'A keyed action sends no key',
    explanation: 'A keyed action is repeated with the same key; the platform can only recognise a key that it is sent.',
  },
  OPENAPI_INVALID: {
    title: 'The OpenAPI document breaks its specification',
    explanation: 'The document is checked against the official schema of OpenAPI 3.1, and its schemas as JSON Schema 2020-12.',
  },
  OPENAPI_VERSION: { title: 'The OpenAPI version is not supported', explanation: 'Documents are OpenAPI 3.1.' },
  OPENAPI_REFERENCE: {
    title: 'A reference cannot be followed',
    explanation: 'References lead to places in the same document and never back to themselves.',
  },
  OPENAPI_OPERATION_TAKEN: {
    title: 'An operationId is used twice',
    explanation: 'Actions name operations by their operationId.',
  },
  LOCK_KEY_UNKNOWN: {
    title: 'A key is not part of the lock file',
    explanation: 'Unknown keys are refused, so that a typing error is never ignored.',
  },
  LOCK_KEY_MISSING: {
    title: 'A required key is missing in the lock file',
    explanation: 'Each locked pack has version and sha256.',
  },
  LOCK_INVALID: {
    title: 'The lock file cannot be read',
    explanation:
      'holdfast.lock.yaml lists the reviewed packs and the runbooks that others may call, each with version and sha256.',
  },
  LOCK_PACK_MISSING: { title: 'A pack is not locked', explanation: 'Only packs that were reviewed and locked are used.' },
  LOCK_PACK_CHANGED: {
    title: 'A pack is not the one that was locked',
    explanation: 'Its version, manifest or OpenAPI document has changed since it was reviewed.',
  },
  LOCK_RUNBOOK_MISSING: {
    title: 'A called runbook is not locked',
    explanation: 'Where packs are locked, only runbooks that were reviewed and locked with them are called.',
  },
  LOCK_RUNBOOK_CHANGED: {
    title: 'A called runbook is not the one that was locked',
    explanation: 'Its version or its text has changed since it was reviewed.',
  },
  LOCK_RANGE_UNMET: {
    title: 'A pack is locked at a version that a runbook does not take',
    explanation:
      'The range of versions after use and the version in the lock file exclude each other. Lock the pack anew, or widen the range after testing the runbook with the locked version.',
  },
  LOCK_PACK_UNUSED: { title: 'A locked pack is not used', explanation: 'It can be removed from the lock file.' },
} as const satisfies Record<string, CodeMeaning>

export type PackDiagnosticCode = keyof typeof TABLE

/** Every code that this folder raises. */
export const packDiagnosticCodes: Readonly<Record<PackDiagnosticCode, CodeMeaning>> = TABLE
