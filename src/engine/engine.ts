// Hosts runs in this process: starts them, takes over those whose engine died, hears cancel requests and answers, settles what is owed.
import { JournalUnusable, ownerLives, type RunHeader, type RunSummary, RunUnknown } from '../journal/index.ts'
import { apply, createState, criticalUntil, type Outcome, type Report, type RunState } from '../kernel/index.ts'
import type { Progress } from '../packs/index.ts'
import { answersGiven } from './answer.ts'
import { waitAtMost } from './clock.ts'
import type { Happening } from './happening.ts'
import { letGoOfCritical } from './last-act.ts'
import { createLocks } from './locks.ts'
import { type Engine, type EngineOptions, RunNotResumable, type RunningRun, type StartRequest } from './model.ts'
import { linked, loadPinned, type Pinned, pin, pinsOf } from './pins.ts'
import { type RunLoop, startLoop } from './run-loop.ts'
import { secretsOfInputs } from './secrets.ts'
import { assertConnections, bindTargets } from './targets.ts'

const HEAR_EVERY_MS = 1000
/** How long closing the engine waits for handlers to end. */
const CLOSE_GRACE_MS = 10_000

export function createEngine(options: EngineOptions): Engine {
  const { journal, clock, observe = () => {} } = options
  const locks = createLocks(journal, clock)
  const active = new Map<string, RunLoop>()

  async function start(request: StartRequest): Promise<RunningRun> {
    const pinned = linked(
      request.runbook,
      request.packs.map(({ pack }) => pack),
      Object.fromEntries((request.runbooks ?? []).map(({ name, runbook }) => [name, runbook])),
    )
    const targets = bindTargets(request, pinned.program)
    assertConnections(targets, options.connection)
    const { name, version } = request.runbook
    const header: RunHeader = {
      id: options.newRunId(),
      runbook: name,
      runbookVersion: version,
      pins: pinsOf(request),
      inputs: request.inputs,
      targets,
      createdAt: clock.now(),
    }
    // Together, so that no pruning comes between and takes texts away that no run is pinned to yet.
    await Promise.all([pin(journal, request), journal.createRun(header)])
    const epoch = await claim(header.id, true)
    return host(header, epoch, pinned, freshState(header), [{ kind: 'started' }], false)
  }

  async function resume(runId: string, { takeOver = false } = {}): Promise<RunningRun> {
    const run = await summary(runId)
    if (run.status !== 'running') throw new RunNotResumable(runId, `it has ended: ${run.status}`)
    return takeUp(run, takeOver)
  }

  async function reap(runId?: string) {
    const open = await journal.obligations({ open: true, ...(runId === undefined ? {} : { runId }) })
    const runs = await Promise.all([...new Set(open.map((each) => each.runId))].map(summary))
    const reaped = await Promise.allSettled(
      runs
        .filter((run) => run.status !== 'running')
        .map(async (run) => ({ runId: run.id, outcome: await (await takeUp(run, false)).ended })),
    )
    const errors = reaped.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors, 'several runs could not be settled')
    return reaped.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  }

  /** Claims a run, brings its state back from its events, and goes on from there. */
  async function takeUp(run: RunSummary, takeOver: boolean): Promise<RunningRun> {
    if (active.has(run.id)) throw new RunNotResumable(run.id, 'this process performs it already')
    const pinned = await loadPinned(journal, run, options.parsePack)
    assertConnections(run.targets, options.connection)
    try {
      return await goOn(run, pinned, takeOver)
    } catch (error) {
      const isDead = takeOver || run.owner === undefined || !ownerLives(run.owner)
      if (error instanceof JournalUnusable && isDead) await letGoUnclaimed(run, pinned)
      throw error
    }
  }

  async function goOn(run: RunSummary, pinned: Pinned, takeOver: boolean): Promise<RunningRun> {
    const epoch = await claim(run.id, takeOver)
    const state = await stateOf(run, pinned)
    await dropStaleLocks(run.id, epoch, state)
    // What was answered while nobody performed the run counts before any timer that has run out since.
    const answers = await answersGiven(journal, run.id)
    return host(run, epoch, pinned, state, [{ kind: wakeUp(state) }, ...answers], true)
  }

  async function stateOf(run: RunSummary, { program }: Pinned): Promise<RunState> {
    const state = freshState(run)
    for await (const event of journal.events(run.id)) apply(program, state, event)
    return state
  }

  /** The journal can be read and not be written: nobody can go on with the run, but what is critical need not wait for that. [P5] */
  async function letGoUnclaimed(run: RunSummary, pinned: Pinned): Promise<void> {
    const unowned = { ...journal, assertOwner: () => {} }
    const state = await stateOf(run, pinned)
    await letGoOfCritical({ ...partsOf(run, 0, pinned), journal: unowned, state, calls: [] })
  }

  async function claim(runId: string, evenIfAlive: boolean): Promise<number> {
    const epoch = await journal.claim(runId, options.owner, evenIfAlive)
    if (epoch !== undefined) return epoch
    const owner = (await journal.run(runId))?.owner
    throw new RunNotResumable(runId, `${owner} may still be performing it`)
  }

  /**
   * A crash between a grant and its event leaves a lock that the run knows nothing of. Though it may still wait for it: another run of this
   * process may wait for it as well, and before it.
   */
  async function dropStaleLocks(runId: string, epoch: number, state: RunState): Promise<void> {
    const held = new Set(Object.values(state.locks).flatMap(({ name, granted }) => (granted ? [name] : [])))
    const stale = (await journal.locks()).filter((lock) => lock.runId === runId && !held.has(lock.name))
    if (stale.length > 0)
      await journal.append(runId, epoch, { events: [], obligations: [], unlocks: stale.map(({ name }) => name) })
  }

  const partsOf = (run: RunHeader, epoch: number, { program, catalogue }: Pinned) => ({
    runId: run.id,
    epoch,
    program,
    journal,
    clock,
    handlers: options.handlers(catalogue),
    connection: options.connection,
    secret: secretsOfInputs(run.inputs, options.secret),
    report: (report: Report) => observe({ runId: run.id, at: clock.now(), kind: 'report', report }),
    progress: (path: string, progress: Progress) => observe({ runId: run.id, at: clock.now(), kind: 'progress', path, progress }),
  })

  function host(
    run: RunHeader,
    epoch: number,
    pinned: Pinned,
    state: RunState,
    first: readonly Happening[],
    resumed: boolean,
  ): RunningRun {
    const { id } = run
    const over = new AbortController()
    const loop = startLoop({ ...partsOf(run, epoch, pinned), state, locks })
    async function toItsEnd(): Promise<Outcome> {
      try {
        const outcome = await loop.ended
        observe({ runId: id, at: clock.now(), kind: 'runEnded', outcome })
        return outcome
      } finally {
        // Taken over by this same process, it is another's already.
        if (active.get(id) === loop) active.delete(id)
        over.abort()
      }
    }
    active.set(id, loop)
    observe({ runId: id, at: clock.now(), kind: 'runStarted', runbook: run.runbook, resumed })
    for (const happening of first) loop.post(happening)
    const ended = toItsEnd()
    // Whoever started the run hears of it through `ended`; nobody has to listen.
    ended.catch(() => {})
    hear(id, loop, over.signal).catch((error: unknown) => loop.stop(error))
    return {
      id,
      ended,
      cancel: (reason) => loop.post({ kind: 'cancelRequested', reason }),
      holdsCritical: () => criticalUntil(pinned.program, state) !== undefined,
      abandon: (error) => void loop.stop(error),
    }
  }

  /** Requests and answers by other processes arrive through the journal. An answer stays there until its question is settled. */
  async function hear(id: string, loop: RunLoop, over: AbortSignal): Promise<void> {
    const heard = new Set<string>()
    while (!over.aborted) {
      const reason = await journal.cancelRequest(id)
      if (reason !== undefined) return loop.post({ kind: 'cancelRequested', reason })
      for (const answer of await answersGiven(journal, id)) {
        if (!heard.has(answer.approval)) loop.post(answer)
        heard.add(answer.approval)
      }
      await clock.sleep(options.hearEveryMs ?? HEAR_EVERY_MS, over).catch(() => {})
    }
  }

  async function summary(runId: string): Promise<RunSummary> {
    const run = await journal.run(runId)
    if (run === undefined) throw new RunUnknown(runId)
    return run
  }

  async function close(): Promise<void> {
    const loops = [...active.values()]
    const stopped = loops.map((loop) => loop.stop(new Error('the engine was closed; the run can be resumed')))
    await waitAtMost(clock, CLOSE_GRACE_MS, Promise.all(stopped))
    await Promise.allSettled(loops.map((loop) => loop.ended))
  }

  return { start, resume, reap, [Symbol.asyncDispose]: close }
}

const freshState = ({ id, createdAt, inputs, targets }: RunHeader): RunState =>
  createState({ runId: id, startedAt: createdAt, inputs, targets })

function wakeUp({ phase }: RunState): 'started' | 'reapRequested' | 'restarted' {
  if (phase === 'new') return 'started'
  return phase === 'finished' ? 'reapRequested' : 'restarted'
}
