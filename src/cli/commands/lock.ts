// `holdfast lock`: writes down which packs, with their runbooks, were reviewed, by hash. From then on runbooks use these and no others.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatLock, LOCK_FILE, lockFor } from '../../packs/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { refuseErrors } from '../refusal.ts'
import { openSession } from '../session/index.ts'

export const run: RunCommand<[], object> = async (host, options) => {
  const { config, library } = await openSession(host, options)
  const { packs, diagnostics, sources } = await library.loadPacks(library.packNames(), { operations: false })
  refuseErrors(diagnostics, sources)
  const runbooks = await library.callableRunbooks()
  const lock = lockFor(
    packs.map(({ pack }) => pack),
    runbooks,
  )
  await writeFile(join(config.directory, LOCK_FILE), formatLock(lock))
  const names = [
    ...packs.map(({ pack }) => `${pack.name} ${pack.version}`),
    ...runbooks.map(({ name, runbook }) => `${name} ${runbook.version}`),
  ]
  host.stdout.write(`locked ${names.join(', ')} in ${LOCK_FILE}\n`)
  return EXIT.done
}
