// A process to be killed: `child.ts <scene> start <record> <folder>` starts a run and dies after that record (0: never);
// `child.ts <scene> resume 0 <folder>…` resumes what was left in each folder and settles what is owed. Prints outcomes as JSON lines.
import { join } from 'node:path'
import { createEngine } from '../../../src/engine/index.ts'
import { openJournal, processOwner } from '../../../src/journal/index.ts'
import { killingAfter } from './killing-journal.ts'
import type { OpenScene } from './scene.ts'

const [scene = '', command, record = '0', ...folders] = process.argv.slice(2)
const { default: open } = (await import(`./${scene}.scene.ts`)) as { default: OpenScene }

for (const folder of folders) {
  await using journal = openJournal(join(folder, 'journal.db'))
  await using opened = await open(folder)
  await using engine = createEngine({
    ...opened.options,
    journal: killingAfter(journal, Number(record)),
    owner: processOwner(),
    newRunId: () => crypto.randomUUID(),
  })
  if (command === 'start') {
    const run = await engine.start(await opened.request())
    console.log(JSON.stringify(await run.ended))
  } else {
    for (const { id } of await journal.runs({ status: 'running' }))
      console.log(JSON.stringify(await (await engine.resume(id)).ended))
  }
}
