// A process to be killed that performs a run over things in a folder. Arguments: tasks that are done in order: `record <n> <folder>` starts a
// run and dies at its n-th record, `call <n> <folder>` at its n-th call; `pause <n> <folder>` stands still there; `resume 0 <folder>` resumes
// what a dead process left, `takeOver 0 <folder>` what one left that still lives.
import { join } from 'node:path'
import { createEngine } from '../../../src/engine/index.ts'
import { openJournal, processOwner } from '../../../src/journal/index.ts'
import { request } from '../../engine/harness.ts'
import { HOLDING } from '../../engine/holding.ts'
import { killingAfterCall, killingAfterRecord, pausingAtCall } from './killing.ts'
import { thingsIn } from './things.ts'

const words = process.argv.slice(2)
for (let at = 0; at < words.length; at += 3) {
  const [task, count, folder = ''] = words.slice(at, at + 3)
  await using journal = openJournal(join(folder, 'journal.sqlite'))
  const things = thingsIn(folder)
  await using engine = createEngine({
    ...things,
    journal: task === 'record' ? killingAfterRecord(journal, Number(count)) : journal,
    handlers: (catalogue) => {
      const handlers = things.handlers(catalogue)
      if (task === 'call') return killingAfterCall(handlers, Number(count))
      return task === 'pause' ? pausingAtCall(handlers, Number(count)) : handlers
    },
    owner: processOwner(),
    newRunId: () => crypto.randomUUID(),
  })
  if (task === 'resume' || task === 'takeOver') {
    const takeOver = task === 'takeOver'
    for (const { id } of await journal.runs({ status: 'running' })) await (await engine.resume(id, { takeOver })).ended
  } else {
    const { status, failure } = await (await engine.start(await request(HOLDING))).ended
    if (status !== 'succeeded') throw new Error(`a run that nobody killed ${status}: ${failure?.message}`)
  }
}
