// A process to be killed, which performs crews. Arguments: tasks that are done in order. `threads` lets vaults work in threads of their own. `record <n> <folder>` performs the crew there and
// dies when each run is at its n-th record, `call <n> <folder>` at its n-th call; `go 0 <folder>` says `up` once all runs are under way, brings
// them to their end, and settles what they owe.
import { join } from 'node:path'
import { createEngine, type RunningRun } from '../../../src/engine/index.ts'
import { JournalUnusable, openJournal, processOwner } from '../../../src/journal/index.ts'
import { answerQuestions } from '../../../src/rehearse/people.ts'
import { openCrew } from './crew-file.ts'
import { createGate, holdingAfterCall, holdingAfterRecord } from './together.ts'

const [first, ...others] = process.argv.slice(2)
const hasThreads = first === 'threads'
const words = hasThreads || first === undefined ? others : [first, ...others]
for (let at = 0; at < words.length; at += 3) {
  const [task, count, folder = ''] = words.slice(at, at + 3)
  await using journal = openJournal(join(folder, 'journal.sqlite'))
  await using crew = await openCrew(folder, hasThreads ? undefined : 0)
  const known = new Map((await journal.runs()).map((run) => [run.id, run]))
  const todo = crew.runs.filter(({ id }) => (known.get(id)?.status ?? 'running') === 'running')
  const gate = createGate(todo.length)
  let newId = ''
  const holding = task === 'record' ? holdingAfterRecord(journal, Number(count), gate) : undefined
  await using engine = createEngine({
    ...crew.options,
    journal: holding ?? journal,
    handlers: (catalogue) => {
      const handlers = crew.options.handlers(catalogue)
      return task === 'call' ? holdingAfterCall(handlers, Number(count), gate) : handlers
    },
    observe: ({ kind }) => {
      if (kind === 'runEnded' && task === 'call') gate.leave()
    },
    owner: processOwner(),
    newRunId: () => newId,
  })
  const runs: RunningRun[] = []
  for (const { id, runbook, inputs, targets } of todo) {
    if (known.has(id)) runs.push(await engine.resume(id))
    else {
      const { shipped } = await import('./shipped.ts')
      const start = shipped.find(({ name }) => name === runbook)?.start
      if (!start) throw new Error(`no runbook ${runbook}`)
      newId = id
      runs.push(await engine.start({ ...start, inputs, targets }))
    }
  }
  const over = new AbortController()
  for (const { id } of runs) void answerQuestions({ journal, clock: crew.options.clock }, id, over.signal)
  if (task === 'go') process.stdout.write('up\n')
  await Promise.all(runs.map(toItsEnd))
  over.abort('all have ended')
  await engine.reap()
  /** Time goes faster here, and disks do not: an engine may give up for a record that comes too late. Its run goes on then as any that was interrupted. */
  async function toItsEnd({ id, ended }: RunningRun): Promise<void> {
    try {
      await ended
    } catch (error) {
      if (holding?.holds(id)) return await new Promise<never>(() => {})
      if (!(error instanceof JournalUnusable)) throw error
      await toItsEnd(await engine.resume(id, { takeOver: true }))
    }
  }
}
