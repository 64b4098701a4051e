// What each code means, for the reference page, SARIF rules and `--explain`. Codes never change meaning.

export interface CodeMeaning {
  /** One sentence without a full stop. */
  readonly title: string
  /** Why it is refused and what to do. */
  readonly explanation: string
}

const TABLE = {
  YAML_INVALID: {
    title: 'The file is not valid YAML',
    explanation:
      'The text breaks a rule of YAML 1.2. Expressions are the usual cause: an unquoted value ends at ": " and " #", and inside { } or [ ] at brackets and commas. Put such an expression in single quotes.',
  },
  YAML_TOO_DEEP: {
    title: 'The document is nested too deeply',
    explanation: 'Runbooks are a few levels deep; thousands of levels are refused.',
  },
  YAML_ALIAS: {
    title: 'Anchors and aliases are refused',
    explanation: 'A reader must see each value where it is used. Repeat the value, or compute it in an expression.',
  },
  KEY_DUPLICATE: { title: 'A key stands twice in one map', explanation: 'One of the two would be ignored silently. Remove one.' },
  KEY_NOT_TEXT: { title: 'A key is not plain text', explanation: 'Keys are names; lists and maps cannot be keys.' },
  NUMBER_INEXACT: {
    title: 'A number cannot be kept exactly',
    explanation: 'JSON numbers are exact up to 2^53. Ids and checkpoints may be larger: quote them to keep them as text.',
  },
  DOCUMENT_EMPTY: {
    title: 'The document holds nothing',
    explanation: 'A runbook needs at least runbook, name, version and steps.',
  },
  KEY_UNKNOWN: {
    title: 'A key is not part of the language',
    explanation: 'Unknown keys are refused, so that a typing error is never ignored.',
  },
  KEY_MISSING: { title: 'A required key is missing', explanation: 'The map that is pointed at needs this key.' },
  KEY_MISPLACED: {
    title: 'A key belongs to another verb',
    explanation: 'For example, timeout belongs to a step that uses an action.',
  },
  VALUE_INVALID: { title: 'A value has the wrong form', explanation: 'The message says what is expected at this place.' },
  FORMAT_UNKNOWN: {
    title: 'The format of a document is unknown',
    explanation:
      'The number after runbook or pack says how the document is to be read; 1 is the first and the newest of both. A newer one needs a newer Holdfast, an older one is brought up to date by `holdfast migrate`.',
  },
  ID_INVALID: {
    title: 'A name has the wrong form',
    explanation: 'Ids match ^[a-z][A-Za-z0-9]*$, so that they can be written in expressions without quotes.',
  },
  NAME_RESERVED: {
    title: 'A name is reserved',
    explanation:
      'inputs, targets, steps, run, result and error always mean the same in expressions and cannot be loop variables. Every scope tells whether it was clean, and every step whether it was skipped: what a block yields under these names would be hidden. A step of the run itself cannot be called run.',
  },
  VERB_MISSING: {
    title: 'A step has no verb',
    explanation: 'Each step does exactly one thing: uses, scope, foreach, parallel, switch, wait, approve, runbook, end or fail.',
  },
  VERB_AMBIGUOUS: { title: 'A step has several verbs', explanation: 'Each step does exactly one thing. Make a step of each.' },
  EXPRESSION_UNTERMINATED: {
    title: 'An expression is not closed',
    explanation: 'A value starts with ${ and lacks its }. Unquoted, YAML cuts a value at " #"; put it in single quotes.',
  },
  EXPRESSION_NOT_ALONE: {
    title: 'Text stands around an expression',
    explanation:
      'A value is an expression as a whole or not at all. Join text inside: ${ "backup-" & inputs.name }. Literal text that holds ${ is written as ${ "…${…" }.',
  },
  EXPRESSION_UNMARKED: {
    title: 'Text looks like an expression',
    explanation:
      'Only a value that is exactly ${ … } is computed; anything else is taken as it is written. A lost $ or brace makes text, or a map, of an expression.',
  },
  VALUE_EMPTY: {
    title: 'A value is left out',
    explanation:
      'A key with nothing behind it has the value null. Mostly the value was forgotten, or is taken for a comment because it starts with #.',
  },
  EXPRESSION_IN_KEY: {
    title: 'A key holds an expression',
    explanation: 'Keys are fixed. Build a map inside one expression instead.',
  },
  EXPRESSION_EMPTY: { title: 'An expression is empty', explanation: 'Write a JSONata expression between ${ and }.' },
  EXPRESSION_SYNTAX: {
    title: 'An expression is not valid JSONata',
    explanation: 'Note that equality is =, and that and, or and $not( ) are words.',
  },
  EXPRESSION_REFUSED: {
    title: 'An expression stands where none can',
    explanation: 'This value must be known before the run starts.',
  },
  FUNCTION_REFUSED: {
    title: 'A function is not allowed',
    explanation: 'A run that is resumed must compute the same values again, and what it does must be readable in the runbook.',
  },
  LAMBDA_RECURSIVE: { title: 'A function can call itself', explanation: 'Evaluation must end. Use $map, $filter or $reduce.' },
  REGEX_UNSAFE: {
    title: 'A regular expression may run for ever',
    explanation:
      'A group that repeats and whose content repeats, such as (a+)+, takes exponential time on some texts, and nothing can stop it.',
  },
  PACK_UNKNOWN: { title: 'A pack is not known', explanation: 'use names a pack that is not among the packs at hand.' },
  RUNBOOK_UNKNOWN: {
    title: 'A runbook that is called does not exist',
    explanation:
      'A step calls a runbook by the name of its pack, a slash and the name of its file without the ending. The setting `packs` adds folders of packs.',
  },
  RUNBOOK_CIRCLE: {
    title: 'Runbooks call each other in a circle',
    explanation: 'A call runs the whole other runbook, so a circle of calls would never end.',
  },
  RUNBOOK_TARGET_MISSING: {
    title: 'A runbook that is called lacks a target',
    explanation:
      'What a called runbook works on is given by its caller: under `targets` of the step, or by a target of the same name.',
  },
  RUNBOOK_TARGET_UNKNOWN: {
    title: 'A runbook that is called has no such target',
    explanation: 'The keys under `targets` of a call are the names that the called runbook declares under its own `targets`.',
  },
  ALIAS_UNKNOWN: { title: 'A pack is not in use', explanation: 'The word before / must be a key under use, or core.' },
  ALIAS_RESERVED: {
    title: 'The name core is taken',
    explanation: 'core always names the pack core, which every runbook can use.',
  },
  ACTION_UNKNOWN: { title: 'An action is not known', explanation: 'The pack has no action of this name.' },
  CONNECTION_UNKNOWN: { title: 'A connection type is not known', explanation: 'The pack has no connection type of this name.' },
  STEP_ID_TAKEN: {
    title: 'A step id is taken',
    explanation: 'Ids are unique among the steps that can see each other, so that steps.<id> means one step.',
  },
  ROOT_UNKNOWN: {
    title: 'An expression refers to nothing',
    explanation:
      'Expressions start at inputs, targets, steps, run or a loop variable; result exists in until only, error in catch only.',
  },
  INPUT_UNKNOWN: { title: 'An input is not declared', explanation: 'inputs.<name> must be a property of the inputs schema.' },
  TARGET_UNKNOWN: { title: 'A target is not declared', explanation: 'targets.<name> must be a key under targets.' },
  STEP_UNKNOWN: {
    title: 'A step does not exist',
    explanation: 'steps.<id> must be an earlier step of the same or of an enclosing block.',
  },
  STEP_LATER: { title: 'A step has not run yet', explanation: 'Only earlier steps have outputs.' },
  STEP_OUT_OF_SIGHT: { title: 'A step is inside another block', explanation: 'Results leave a block only through its yield.' },
  STEP_CYCLE: { title: 'A step refers to itself', explanation: 'A step has no output until it has ended.' },
  PROPERTY_UNKNOWN: {
    title: 'An output has no such property',
    explanation: 'The schema of what is referred to has no property of this name.',
  },
  TYPE_MISMATCH: {
    title: 'A value of another type is needed',
    explanation:
      'A condition is true or false, a loop goes over a list, a lock and a message are text. Compare, count or convert the value.',
  },
  VARIABLE_UNKNOWN: {
    title: 'A variable or function that does not exist',
    explanation:
      'A name with $ is bound in the same expression, as in ( $x := …; $x ), or is one of JSONata’s own functions. Anything else has no value, and calling it fails.',
  },
  COMPARISON_CONSTANT: {
    title: 'A comparison that always comes out the same',
    explanation:
      'The schemas say which values each side can have, and no value can be on both. A word may be misspelt, or a number be compared with text.',
  },
  ABSENT_POSSIBLE: {
    title: 'A value may be absent where one is needed',
    explanation:
      'JSONata takes what is absent for false and compares nothing with anything as false, without a word. Where a value decides, is compared or is required, say what happens without it: a default with ?? or ?:, or a question with $exists.',
  },
  INPUTS_SCHEMA_INVALID: {
    title: 'The inputs are no valid JSON Schema',
    explanation: 'inputs is a JSON Schema (2020-12) of type object.',
  },
  INPUTS_DEFAULT_INVALID: {
    title: 'A default does not fit its own schema',
    explanation: 'A default is taken where an input is not given, and is then refused by the schema beside it.',
  },
  ARGUMENT_MISSING: { title: 'An action lacks an argument', explanation: 'The action requires this property under with.' },
  ARGUMENT_UNKNOWN: { title: 'An action takes no such argument', explanation: 'The action has no input of this name.' },
  ARGUMENT_INVALID: {
    title: 'An argument misses its schema',
    explanation: 'Literal arguments are checked against the action’s input schema.',
  },
  CONNECTION_NOT_TARGET: {
    title: 'A connection is not given by a target',
    explanation: 'Credentials live in targets only; pass ${ targets.<name> }.',
  },
  CONNECTION_MISMATCH: {
    title: 'A target has another connection type',
    explanation: 'The slot takes a target of the type that the pack names.',
  },
  RESOURCE_NOT_HANDLE: {
    title: 'A resource is not given by its handle',
    explanation:
      'An acquiring step outputs handle, and only a handle tells the engine what is used; pass ${ steps.<id>.handle }.',
  },
  RESOURCE_MISMATCH: {
    title: 'A handle of another resource type',
    explanation: 'The slot takes handles of the types that the pack names.',
  },
  OWNER_UNKNOWN: {
    title: 'The owner is no enclosing scope',
    explanation: 'owner names a scope around the step, which then releases what the step acquires.',
  },
  NOTHING_ACQUIRED: {
    title: 'Ownership of nothing',
    explanation: 'owner and release say something about what an action acquires; this one acquires nothing.',
  },
  END_UNKNOWN: {
    title: 'An end without a resource',
    explanation: 'end names an earlier step that acquired something which is still held here.',
  },
  END_TWICE: { title: 'A resource is ended twice', explanation: 'After end the resource is gone.' },
  END_IN_LOOP: {
    title: 'A loop would end a resource once per item',
    explanation: 'What was acquired outside a loop is ended outside of it.',
  },
  HANDLE_ESCAPES: {
    title: 'A handle leaves the block that releases its resource',
    explanation:
      'A block evaluates its yield and then releases what it owns, so the handle would stand for nothing. Let an outer scope own it.',
  },
  USED_AFTER_END: { title: 'A resource is used after its end', explanation: 'After end nothing may refer to the handle.' },
  CASE_UNKNOWN: {
    title: 'A case that never happens',
    explanation: 'The value that is switched on is an enum without this word.',
  },
  CASE_MISSING: {
    title: 'A switch is not exhaustive',
    explanation: 'The value that is switched on is an enum; each of its words needs a case, or the switch an else.',
  },
  POLL_NOT_READ: {
    title: 'Polling with an effect',
    explanation: 'until repeats a call; only an action that changes nothing may be repeated so.',
  },
  POLL_INCOMPLETE: {
    title: 'Half a polling',
    explanation: 'until says when to stop and every says how often to ask; both are needed.',
  },
  CHILD_OUTLIVES_PARENT: {
    title: 'A resource is to outlive the one it was acquired from',
    explanation:
      'Children are released before their parents, whoever owns them: an export of a snapshot ends with the snapshot at the latest. Let the outer scope own both, or the inner one.',
  },
  HOLD_TOO_LONG: {
    title: 'A critical resource may be held for longer than it may be',
    explanation:
      'Between the step that acquires it and its release stand calls. In the worst case each takes its time-out, as often as it is tried, with the pauses between; blocks that run beside each other take as long as the longest. All that and the time-out of the release must fit into maxHold, or the run is stopped half-way, on a bad day. Five attempts are made where a step says nothing about retry. Look-ups after a lost answer do not count: then the resource is let go anyway.',
  },
  HOLD_UNBOUNDED: {
    title: 'Something without a known end happens while a critical resource is held',
    explanation:
      'A critical resource, such as a frozen guest, is held for seconds. Approvals, waits of unknown length, transfers, loops over an unknown number of items and waiting for locks do not belong there. A scope with max bounds waits, loops and locks inside it.',
  },
  LOCK_HELD: {
    title: 'A lock is taken inside itself',
    explanation:
      'A lock is held by one scope or call at a time, so the inner one would wait for the outer one, which waits for it.',
  },
  LOCK_ORDER: {
    title: 'Locks are taken in opposite orders',
    explanation:
      'When one run holds the first lock and wants the second, and another holds the second and wants the first, both wait for ever. Take locks in the same order everywhere. Of a name that is computed, the text it starts with counts.',
  },
  RETRY_UNSAFE: {
    title: 'A retry of what must not be repeated',
    explanation:
      'A call whose answer was lost may have taken effect. It is repeated only when that is harmless (idempotent), when the platform recognises the repetition (keyed), or when what it made can be looked up (find). This action is none of these and declares no failure that is retryable and certain not to have applied. What never reached the platform is tried again anyway, without retry.',
  },
  DESTROY_UNAPPROVED: {
    title: 'Something is destroyed without approval',
    explanation:
      'An action with effect destroy cannot be undone, nor can one with effect release when a step calls it: it deletes what it is told to, whoever acquired that. An approve step must come before it, in the same block or in one around it, and must not be skipped when the action is not. What the runbook acquires itself is released by the engine, and early by end.',
  },
  SELECTOR_OPEN: {
    title: 'What an action changes may be selected by nothing',
    explanation:
      'The pack marks this input as a selector: it says which things are changed, and on many platforms an empty selector means all of them. JSONata drops what is absent without a word, so every part of it must be known to be there.',
  },
  FAILURE_UNKNOWN: {
    title: 'A catch waits for a failure that cannot happen',
    explanation:
      'catch.on lists failure types: those that the actions inside declare, those that fail steps inside raise, and the engine’s own, such as timedOut.',
  },
  SECRET_EXPOSED: {
    title: 'A secret leaves the slots that are made for it',
    explanation:
      'Messages, lock names, loop keys, results and other arguments are journalled and printed. A value from an input that is marked x-secret may only go, as it is, into an input that is marked x-secret too; and a secret never stands in a runbook.',
  },
} as const satisfies Record<string, CodeMeaning>

export type Code = keyof typeof TABLE

/** Every code that this folder raises. */
export const diagnosticCodes: Readonly<Record<Code, CodeMeaning>> = TABLE
