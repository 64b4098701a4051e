// Runs that call other runbooks: linked with what they call, pinned to its text, resumed with it.
import { describe, expect, it } from 'vitest'
import type { RunbookWithText, StartRequest } from '../../src/engine/index.ts'
import { parseRunbook } from '../../src/language/index.ts'
import { bench, request } from './harness.ts'

function runbook(name: string, text: string): RunbookWithText {
  const { runbook, diagnostics } = parseRunbook(text, name)
  if (runbook === undefined) throw new Error(JSON.stringify(diagnostics))
  return { name, runbook, text }
}

/** Knows the pack under another alias than its caller, and its target under another name. */
const PART = `
runbook: 1
name: test/part
version: 1.2.0
use: { stuff: things@^1.0.0 }
targets: { where: stuff/Place }
inputs:
  type: object
  required: [thing, name]
  properties: { thing: { x-resource: [things/Thing] }, name: { type: string }, label: { type: string, default: counted } }
steps:
  - id: part
    uses: stuff/part.create
    with: { place: '\${ targets.where }', thing: '\${ inputs.thing }', name: '\${ inputs.name }' }
  - id: pause
    wait: { for: 10m }
  - id: count
    uses: stuff/count
    with: { name: '\${ inputs.label & "-" & inputs.name }' }
outputs: { handle: '\${ steps.part.handle }' }
`

const CALLER = `
  - id: hold
    scope:
      steps:
        - id: thing
          uses: t/thing.create
          with: { place: '\${ targets.place }', name: thing }
        - id: part
          runbook: test/part@^1.0.0
          with: { thing: '\${ steps.thing.handle }', name: p }
          targets: { where: place }
        - id: after
          uses: t/count
          with: { name: '\${ "holds-" & steps.part.handle.name }' }
`

const calling = async (): Promise<StartRequest> => ({ ...(await request(CALLER)), runbooks: [runbook('test/part', PART)] })
const SAID = ['create thing thing', 'create part p', 'count counted-p', 'count holds-p', 'delete part p', 'delete thing thing']

describe('a run that calls another runbook', () => {
  it('runs it with its own aliases, targets and defaults, and holds what it acquired until the block of the call ends', async () => {
    await using b = bench()
    const run = await b.engine.start(await calling())
    expect(await run.ended).toEqual({ status: 'succeeded', outputs: {}, owed: [] })
    expect(b.store.said()).toEqual(SAID)
  })

  it('is pinned to its text, and goes on by it after a restart', async () => {
    const paused = Promise.withResolvers<void>()
    const first = bench({
      observe: (seen) => {
        if (seen.kind === 'report' && seen.report.kind === 'stepStarted' && seen.report.step === 'pause') paused.resolve()
      },
    })
    const { id } = await first.engine.start(await calling())
    await paused.promise
    await first.engine[Symbol.asyncDispose]()
    const { pins = {} } = (await first.options.journal.run(id)) ?? {}
    expect(Object.keys(pins)).toEqual(['runbook', 'runbook:test/part', 'pack:things'])
    expect(await first.options.journal.document(pins['runbook:test/part'] ?? '')).toBe(PART)

    await using second = bench({ ...first.options, store: first.store, observe: () => {} })
    const resumed = await second.engine.resume(id)
    expect(await resumed.ended).toMatchObject({ status: 'succeeded', owed: [] })
    expect(first.store.said()).toEqual(SAID)
  })

  it('fails where an input that only the run could tell does not fit the called one, and lets go of everything', async () => {
    await using b = bench()
    const given = await request(CALLER.replace('name: p }', 'name: "${ 1 + 1 }" }'))
    const run = await b.engine.start({ ...given, runbooks: [runbook('test/part', PART)] })
    expect(await run.ended).toMatchObject({
      status: 'failed',
      owed: [],
      failure: { type: 'inputInvalid', path: 'hold/part', message: expect.stringContaining('does not fit test/part') },
    })
    expect(b.store.names()).toEqual([])
  })

  it('is refused before anything is touched when the called one is not given', async () => {
    await using b = bench()
    await expect(b.engine.start(await request(CALLER))).rejects.toThrow('there is no runbook test/part')
    expect(await b.options.journal.runs()).toEqual([])
  })
})
