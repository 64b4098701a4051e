// `holdfast schema OF`: the committed schema files, as they are.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'

export const run: RunCommand<[of: string], object> = async (host, _options, of) => {
  host.stdout.write(await readFile(join(host.schemasDirectory, `${of}.schema.json`), 'utf8'))
  return EXIT.done
}
