// A process to be killed. Arguments: a scene, then tasks that are done in order: `start <record> <folder>` starts a run and dies right
// after that record (0: never), `resume 0 <folder>` resumes what was left there.
import { join } from 'node:path'
import { createEngine } from '../../../src/engine/index.ts'
import { openJournal, processOwner } from '../../../src/journal/index.ts'
import { killingAfter } from './killing-journal.ts'
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
  const [task, record, folder = ''] = words.slice(at, at + 3)
  await using journal = openJournal(join(folder, 'journal.sqlite'))
  await using opened = await open(folder)
  await using engine = createEngine({
    ...opened.options,
    journal: killingAfter(journal, Number(record)),
    owner: processOwner(),
    newRunId: () => crypto.randomUUID(),
  })
  if (task === 'start') {
    const run = await engine.start(await opened.request())
    await run.ended
  } else {
    for (const { id } of await journal.runs({ status: 'running' })) await (await engine.resume(id)).ended
  }
}
