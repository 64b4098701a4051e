// A shipped runbook against a simulated platform that runs elsewhere: `scene.json` in the folder says which, where and with what
// inputs, and beside it lies the vault.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fastClock } from '../../../src/engine/index.ts'
import { createHttp, operationHandlers } from '../../../src/http/index.ts'
import { parseRunbook } from '../../../src/language/index.ts'
import { type Connection, loadPack } from '../../../src/packs/index.ts'
import { platforms } from '../../../src/platforms/index.ts'
import { fillDefaults, type Json, type JsonObject, Secret } from '../../../src/values/index.ts'
import type { OpenScene } from './scene.ts'

export interface ScpSceneFile {
  readonly settings: Readonly<Record<string, Json>>
  readonly secrets: Readonly<Record<string, string>>
  /** File name below the pack, without its ending. */
  readonly runbook: string
  readonly inputs: JsonObject
  readonly vaultPassword: string
  readonly rate: number
}

const RUNBOOKS = join(import.meta.dirname, '../../../runbooks')
const PACKS = ['core', 'block-transfer', 'sangfor-scp']

const open: OpenScene = async (folder) => {
  const {
    settings,
    secrets,
    runbook: name,
    inputs: given,
    vaultPassword,
    rate,
  } = JSON.parse(await readFile(join(folder, 'scene.json'), 'utf8')) as ScpSceneFile
  const hidden = Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, new Secret(value)]))
  const connections: Readonly<Record<string, Connection>> = {
    cloud: { target: 'cloud', type: 'sangfor-scp/Connection', settings: { ...settings, ...hidden } },
    vault: {
      target: 'vault',
      type: 'block-transfer/Vault',
      settings: { directory: join(folder, 'vault'), password: new Secret(vaultPassword) },
    },
  }
  const clock = fastClock(rate)
  const http = createHttp({ clock: fastClock(1) })
  const logins = Object.assign({}, ...platforms.map((platform) => platform.logins))
  const own = Object.assign({}, ...platforms.map((platform) => platform.handlers))
  return {
    options: {
      clock,
      handlers: (catalogue) => ({ ...operationHandlers(catalogue, http, logins), ...own }),
      connection: (target) => {
        const found = connections[target]
        if (!found) throw new Error(`no target ${target}`)
        return found
      },
    },
    request: async () => {
      const text = await readFile(join(RUNBOOKS, `sangfor-scp/${name}.runbook.yaml`), 'utf8')
      const { runbook, diagnostics } = parseRunbook(text, `${name}.runbook.yaml`)
      if (!runbook) throw new Error(JSON.stringify(diagnostics))
      const packs = []
      for (const folderName of PACKS.filter((each) => each === 'core' || runbook.uses.some(({ pack }) => pack === each))) {
        const { pack, sources, diagnostics: found } = await loadPack(join(RUNBOOKS, folderName))
        if (!pack) throw new Error(JSON.stringify(found))
        packs.push({ pack, sources })
      }
      const inputs = fillDefaults(runbook.inputs ?? {}, given).value as JsonObject
      return { runbook, text, packs, inputs, targets: Object.fromEntries(runbook.targets.map(({ name }) => [name, name])) }
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  }
}
export default open
