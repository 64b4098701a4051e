// `holdfast demo PLATFORM`: the whole main job on a simulated platform, with no other server. Every run goes through the code of the
// command line; what only a simulator can show, the platform's own demonstration compares.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openJournal } from '../../journal/index.ts'
import type { Demo, DemoStage } from '../../platforms/index.ts'
import { formatDuration, type JsonObject, Secret } from '../../values/index.ts'
import { openVault } from '../../vault/index.ts'
import { demoMissing } from '../codes.ts'
import type { GlobalOptions, RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import { Refusal } from '../refusal.ts'
import { run as runRunbook } from './run.ts'
import { run as initVault } from './vault-init.ts'

const PASSWORD = new Secret('only for this demonstration')

export const run: RunCommand<[platform: string], object> = async (host, { logLevel }, name) => {
  const platforms = await host.platforms()
  const start = platforms.find(({ pack }) => pack === name)?.demo
  if (!start) {
    const shown = platforms.filter(({ demo }) => demo !== undefined).map(({ pack }) => pack)
    throw new Refusal([demoMissing(name, shown)])
  }
  const startedAt = performance.now()
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-demo-'))
  try {
    await using demo = await (await start())()
    const stage = await openStage(host, demo, folder, logLevel)
    const problems = await demo.play(stage)
    for (const problem of problems) stage.say(`PROBLEM: ${problem}`)
    stage.say(`took ${formatDuration(performance.now() - startedAt)}`)
    return problems.length === 0 ? EXIT.done : EXIT.failed
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function openStage(outer: Host, demo: Demo, folder: string, logLevel: GlobalOptions['logLevel']): Promise<DemoStage> {
  // Each command as if it were typed in the folder of the demonstration.
  const env = { ...outer.env, HOLDFAST_VAULT_PASSWORD: PASSWORD.reveal(), ...secretsOf(demo) }
  const host: Host = { ...outer, env, workingDirectory: folder }
  const say = (line: string): void => host.stdout.write(`${line}\n`)
  async function withVault<T>(look: (vault: Awaited<ReturnType<typeof openVault>>) => Promise<T>): Promise<T> {
    await using vault = await openVault(join(folder, 'vault'), PASSWORD)
    return await look(vault)
  }

  await writeFile(join(folder, 'holdfast.config.yaml'), configuration(demo), { mode: 0o600 })
  say('$ holdfast vault init vault')
  await initVault(host, { logLevel }, 'vault')
  return {
    chapter: (title) => say(`\n── ${title} ${'─'.repeat(Math.max(0, 76 - title.length))}`),
    say,
    run: async (runbook, inputs) => {
      const input = Object.entries(inputs).map(([key, value]) => `${key}=${asTyped(value)}`)
      say(`$ holdfast run ${runbook} ${input.map((each) => `-i ${quoted(each)}`).join(' ')}`)
      const exitCode = await runRunbook(host, { logLevel, input, target: [], format: 'text' }, runbook)
      if (exitCode !== EXIT.done) throw new Error(`${runbook} ended with ${exitCode}`)
      await using journal = openJournal(join(folder, '.holdfast/journal.sqlite'))
      const [newest] = await journal.runs({ limit: 1 })
      return newest?.outcome?.outputs ?? {}
    },
    point: (pointId) => withVault((vault) => vault.point(pointId)),
    vaultBytes: () => withVault(async (vault) => (await vault.stats()).storedBytes),
  }
}

/** Targets as an operator would configure them; their secrets come from the environment. */
function configuration({ targets }: Demo): string {
  const configured: Record<string, JsonObject> = {
    vault: { connection: 'block-transfer/Vault', directory: 'vault', password: { env: 'HOLDFAST_VAULT_PASSWORD' } },
  }
  for (const [name, { connection, settings }] of Object.entries(targets)) {
    const shown = Object.entries(settings).map(([key, value]) => [
      key,
      value instanceof Secret ? { env: variable(name, key) } : value,
    ])
    configured[name] = { connection, ...Object.fromEntries(shown) }
  }
  return JSON.stringify({ config: 1, targets: configured }, undefined, 2)
}

function secretsOf({ targets }: Demo): Readonly<Record<string, string>> {
  const secrets = Object.entries(targets).flatMap(([name, { settings }]) =>
    Object.entries(settings).flatMap(([key, value]) => (value instanceof Secret ? [[variable(name, key), value.reveal()]] : [])),
  )
  return Object.fromEntries(secrets)
}

const variable = (target: string, key: string): string => `DEMO_${target}_${key}`

const quoted = (text: string): string => (/^[\w=:.,/@+-]+$/.test(text) ? text : `'${text}'`)

/** A value as one writes it after `-i name=`. */
const asTyped = (value: JsonObject[string]): string => (typeof value === 'string' ? value : JSON.stringify(value))
