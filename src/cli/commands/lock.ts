// `holdfast lock`: writes down which packs were reviewed, by hash. From then on runbooks use these and no others.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatLock, LOCK_FILE, lockFor } from '../../packs/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { refuseErrors } from '../refusal.ts'
import { openSession } from '../session.ts'

export const run: RunCommand<[], object> = async (host, options) => {
  const { config, library } = await openSession(host, options)
  const { packs, diagnostics, sources } = await library.loadPacks(library.packNames(), { operations: false })
  refuseErrors(diagnostics, sources)
  await writeFile(join(config.directory, LOCK_FILE), formatLock(lockFor(packs.map(({ pack }) => pack))))
  host.stdout.write(`locked ${packs.map(({ pack }) => `${pack.name} ${pack.version}`).join(', ')} in ${LOCK_FILE}\n`)
  return EXIT.done
}
