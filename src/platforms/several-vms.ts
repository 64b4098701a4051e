// A setting of a target that serves several VMs: `{vm}` in it stands for the name of the one that is meant.
import { access, readdir } from 'node:fs/promises'
import { dirname } from 'node:path'

const SLOT = '{vm}'
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** As it is where no name is given. Undefined where the setting is no text. */
export const settingFor = (setting: unknown, vmName: string | undefined): string | undefined => {
  if (typeof setting !== 'string') return undefined
  return vmName === undefined ? setting : setting.replaceAll(SLOT, vmName)
}

export const servesSeveral = (setting: string): boolean => setting.includes(SLOT)

/** The names that these can be, in order, `{vm}` in the setting standing for them. */
export const namesAmong = (setting: string, found: readonly string[]): readonly string[] =>
  found
    .flatMap((each) => nameIn(setting, each))
    .filter((name) => NAME.test(name))
    .toSorted()

function nameIn(setting: string, found: string): readonly string[] {
  const parts = setting.split(SLOT)
  const fixedLength = parts.reduce((sum, { length }) => sum + length, 0)
  const start = parts[0]?.length ?? 0
  const name = found.slice(start, start + (found.length - fixedLength) / (parts.length - 1))
  return setting.replaceAll(SLOT, name) === found ? [name] : []
}

/** The names for which something is at the path. Rejects where the folder above cannot be read. */
export async function namesAtPath(path: string): Promise<readonly string[]> {
  const end = path.indexOf('/', path.indexOf(SLOT))
  const first = end < 0 ? path : path.slice(0, end)
  const folder = dirname(first)
  const entries = (await readdir(folder)).map((name) => (folder === '/' ? `/${name}` : `${folder}/${name}`))
  const names: string[] = []
  for (const name of namesAmong(first, entries)) {
    const isThere = await access(path.replaceAll(SLOT, name)).then(
      () => true,
      () => false,
    )
    if (isThere) names.push(name)
  }
  return names
}
