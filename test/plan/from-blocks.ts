// Runbooks made of blocks, as plans take them, and the kernel driven over them by hand: a second way to what a plan says.
import { actionNamed, apply, type Command, createState, type Event, type Program, type RunState } from '../../src/kernel/index.ts'
import { type Block, evaluateOpen, type Runbook, runbookCallsIn, type Step } from '../../src/language/index.ts'
import { type Catalogue, createCatalogue, openOutput, type Pack } from '../../src/packs/index.ts'
import type { Json } from '../../src/values/index.ts'
import { block, program } from '../kernel/build.ts'
import type { EventBody } from '../kernel/world.ts'

const local = <T>(record: Readonly<Record<string, T>>) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name.slice('t/'.length), value]))
const { actions, resources } = program(block([]))
const pack: Pack = {
  name: 't',
  version: '1.0.0',
  title: 't',
  connections: {},
  resources: local(resources),
  actions: local(actions),
  completions: {},
  pagings: {},
  hash: '',
}

/** The pack, and the runbooks that are called. */
export const catalogueFor = ({ steps }: Block): Catalogue => createCatalogue([pack], calledIn(steps))
const calledIn = (steps: readonly Step[]): Record<string, Runbook> =>
  Object.assign(
    {},
    ...runbookCallsIn(steps).map(({ runbook, called }) => (called ? { [runbook]: called, ...calledIn(called.steps) } : {})),
  )

const span = { file: 'test', start: 0, end: 0 }
export const runbookOf = ({ steps }: Block): Runbook => ({
  format: 1,
  name: 'test',
  version: '1.0.0',
  uses: [{ alias: 't', pack: 't', range: '^1.0.0', span }],
  targets: [],
  steps,
  outputs: [],
  span,
})

/** Runs a program on a good day, first come first served; `seen` may answer an event that is to happen before all others. */
export async function drive(program: Program, seen: (command: Command, state: RunState) => EventBody | undefined): Promise<void> {
  const state = createState({ runId: '‹run›', startedAt: 0, inputs: {}, targets: {} })
  const pending: EventBody[] = [{ kind: 'started' }]
  for (let next = pending.shift(); next; next = pending.shift()) {
    const first: EventBody[] = []
    for (const command of apply(program, state, { ...next, at: 0 } as Event)) {
      const injected = seen(command, state)
      if (injected) first.push(injected)
      const answer = await answerTo(program, command)
      if (answer) pending.push(answer)
    }
    // As in the engine, what is evaluated is so before any call answers.
    if (first.length > 0) pending.sort((a, b) => Number(b.kind === 'evaluated') - Number(a.kind === 'evaluated'))
    pending.unshift(...first)
  }
}

async function answerTo(program: Program, command: Command): Promise<EventBody | undefined> {
  switch (command.kind) {
    case 'evaluate': {
      const { id, guard, templates, roots } = command
      if (guard && (await evaluateOpen(guard, roots)) !== true) return { kind: 'guardedOff', id }
      const values: Record<string, Json> = {}
      for (const { name, template } of templates) values[name] = (await evaluateOpen(template, roots)) ?? null
      return { kind: 'evaluated', id, values }
    }
    case 'call':
      return { kind: 'callSucceeded', call: command.id, output: openOutput(actionNamed(program, command.action), command.path) }
    case 'lock':
      return { kind: 'lockGranted', lock: command.lock }
    case 'setTimer':
      return command.timer.startsWith('wait:') ? { kind: 'timerFired', timer: command.timer } : undefined
    case 'report':
      return command.report.kind === 'approval' && command.report.state === 'asked'
        ? {
            kind: 'approvalAnswered',
            approval: command.report.approval.path,
            by: 'somebody',
            decision: { kind: 'granted', inputs: {} },
          }
        : undefined
    default:
      return undefined
  }
}
