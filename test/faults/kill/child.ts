// A process to be killed. Arguments: a scene, then tasks that are done in order: `record <n> <folder>` starts a run and dies at its n-th
// record, `call <n> <folder>` at its n-th call; `pause <n> <folder>` stands still there; `run 0 <folder>` says `up` and waits to be killed; `resume 0 <folder>` resumes what a dead process left,
// `takeOver 0 <folder>` what one left that still lives.
import { join } from 'node:path'
import { createEngine } from '../../../src/engine/index.ts'
import { openJournal, processOwner } from '../../../src/journal/index.ts'
import { killingAfterCall, killingAfterRecord, pausingAtCall } from './killing.ts'
import type { OpenScene } from './scene.ts'

const [scene = '', ...words] = process.argv.slice(2)
const scenes: Readonly<Record<string, () => Promise<{ readonly default: OpenScene }>>> = {
  things: () => import('./things.scene.ts'),
  scp: () => import('./scp.scene.ts'),
}
const found = await scenes[scene]?.()
if (!found) throw new Error(`no scene ${scene}`)
const open = found.default

for (let at = 0; at < words.length; at += 3) {
  const [task, count, folder = ''] = words.slice(at, at + 3)
  await using journal = openJournal(join(folder, 'journal.sqlite'))
  await using opened = await open(folder)
  await using engine = createEngine({
    ...opened.options,
    journal: task === 'record' ? killingAfterRecord(journal, Number(count)) : journal,
    handlers: (catalogue) => {
      const handlers = opened.options.handlers(catalogue)
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
    const request = await opened.request()
    if (task === 'run') process.stdout.write('up\n')
    const { status, failure } = await (await engine.start(request)).ended
    if (status !== 'succeeded') throw new Error(`a run that nobody killed ${status}: ${failure?.message}`)
  }
}
