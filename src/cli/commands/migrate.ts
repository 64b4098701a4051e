// `holdfast migrate`: runbooks and manifests of an older format in the newest, with their comments.
import { resolve } from 'node:path'
import { formatDiagnostics } from '../../diagnostics/index.ts'
import { FORMATS, migrate } from '../../language/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { writeAtomically } from '../files/index.ts'
import { wantsColour } from '../host.ts'
import { readText } from '../session/index.ts'

export const run: RunCommand<[files: readonly string[]], object> = async (host, _options, files) => {
  let refused = false
  for (const file of files) {
    const before = await readText(host, file)
    const of = /^pack\s*:/m.test(before) ? 'pack' : 'runbook'
    const { text, steps, diagnostics } = migrate(before, file, of)
    if (text === undefined) {
      refused = true
      host.stderr.write(formatDiagnostics(diagnostics, new Map([[file, before]]), { colour: wantsColour(host, host.stderr) }))
    } else if (steps.length === 0) {
      host.stdout.write(`${file} is in the newest format, ${of}: ${FORMATS.newest[of]}\n`)
    } else {
      await writeAtomically(resolve(host.workingDirectory, file), text)
      host.stdout.write(`${file} is in ${of}: ${FORMATS.newest[of]} now: ${steps.join('; ')}\n`)
    }
  }
  return refused ? EXIT.checkFailed : EXIT.done
}
