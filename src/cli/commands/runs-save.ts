// `holdfast runs save RUN`: a run that has ended as a rehearsal file, with the runbook it was pinned to. Files that are there stay as they are.
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { writeYaml } from '../../language/index.ts'
import { parseUnlessPrepared } from '../../packs/index.ts'
import { scriptOf } from '../../rehearse/index.ts'
import type { Json } from '../../values/index.ts'
import { openState } from '../app.ts'
import { fileExists, runNotEnded } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { Refusal } from '../refusal.ts'
import { openSession, RUNBOOK_ENDING } from '../session/index.ts'
import { REHEARSAL_ENDING } from './test.ts'

export const run: RunCommand<[run: string], { readonly to: string }> = async (host, options, id) => {
  const { config } = await openSession(host, options)
  await using journal = await openState(config.stateDirectory)
  const runbook = `${id}${RUNBOOK_ENDING}`
  const script = await scriptOf(journal, id, runbook, parseUnlessPrepared(host.preparedDirectory))
  if (!script) throw new Refusal([runNotEnded(id)])
  const pins = (await journal.run(id))?.pins ?? {}
  const folder = resolve(host.workingDirectory, options.to)
  await mkdir(folder, { recursive: true })
  await create(folder, options.to, runbook, (await journal.document(pins.runbook ?? '')) ?? '')
  await create(folder, options.to, `${id}${REHEARSAL_ENDING}`, writeYaml(script as unknown as Json))
  host.stdout.write(
    `${join(options.to, `${id}${REHEARSAL_ENDING}`)} plays it again: holdfast test ${join(options.to, `${id}${REHEARSAL_ENDING}`)}\n`,
  )
  return EXIT.done
}

async function create(folder: string, shown: string, name: string, text: string): Promise<void> {
  try {
    await writeFile(join(folder, name), text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new Refusal([fileExists(join(shown, name))])
    throw error
  }
}
