// A folder is a behaviour: what is done to a good vault (`damage.json`, and `files` laid over it) and all that is said of it then.
// The good vault, test/vault/base-vault, was written once and stays: old vaults must stay readable. HOLDFAST_ACCEPT_CASES=1 rewrites the expectations.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { formatSize, Secret } from '../../src/values/index.ts'
import { openVault, type Vault, VaultError, type VerifyReport, vaultCodes } from '../../src/vault/index.ts'
import { readBack } from '../vault/world.ts'

const FOLDER = join(import.meta.dirname, 'vaults')
const BASE = join(import.meta.dirname, '../vault/base-vault')
const NOW = Date.parse('2026-11-21T12:00:00Z')
const cases = readdirSync(FOLDER).sort()
const scratch = mkdtempSync(join(tmpdir(), 'holdfast-cases-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

interface Damage {
  readonly password?: string
  readonly remove?: readonly string[]
  readonly truncate?: readonly { readonly file: string; readonly to: number }[]
  readonly flip?: readonly { readonly file: string; readonly at: number }[]
}

function makeDamaged(name: string): { readonly directory: string; readonly damage: Damage } {
  const directory = join(scratch, name)
  const damage = JSON.parse(readFileSync(join(FOLDER, name, 'damage.json'), 'utf8')) as Damage
  cpSync(BASE, directory, { recursive: true })
  if (existsSync(join(FOLDER, name, 'files'))) cpSync(join(FOLDER, name, 'files'), directory, { recursive: true })
  for (const file of damage.remove ?? []) rmSync(join(directory, file))
  for (const { file, to } of damage.truncate ?? []) truncateSync(join(directory, file), to)
  for (const { file, at } of damage.flip ?? []) {
    const content = readFileSync(join(directory, file))
    content[at] = (content[at] ?? 0) ^ 1
    writeFileSync(join(directory, file), content)
  }
  return { directory, damage }
}

/** All that Holdfast says of the vault; a bug is not caught. */
async function tell(name: string): Promise<string> {
  const { directory, damage } = makeDamaged(name)
  const lines: string[] = []
  async function say(what: string, call: () => Promise<readonly string[]>): Promise<void> {
    lines.push(`${what}:`)
    try {
      for (const line of await call()) lines.push(`  ${line}`)
    } catch (error) {
      if (!(error instanceof VaultError)) throw error
      lines.push(`  ${error.code}: ${error.message}`, ...(error.hint === undefined ? [] : [`  hint: ${error.hint}`]))
    }
  }
  let vault: Vault | undefined
  await say('open', async () => {
    vault = await openVault(directory, new Secret(damage.password ?? 'correct horse'), { threads: 0, now: () => NOW })
    return []
  })
  if (vault) {
    const open = vault
    const points = await open.points()
    await say('points', async () => points.map(({ id, run, level, consistency }) => `${id.slice(0, 10)} ${run} ${level} ${consistency}`))
    for (const { id } of points) {
      await say(`read ${id.slice(0, 10)}`, async () => [`${formatSize((await readBack(open, id)).length)} well`])
    }
    await say('index', async () => open.damage.map(({ message }) => message))
    await say('verify', async () => describeReport(await open.verify({ data: false })))
    await say('verify data', async () => describeReport(await open.verify({ data: true })))
    await open.close()
  }
  return `${lines.join('\n').replaceAll(directory, '<vault>')}\n`
}

function describeReport({ problems, unusedPacks, damagedPoints }: VerifyReport): readonly string[] {
  const ranges = (of: readonly { offsetBytes: number; lengthBytes: number }[]): string =>
    of.map(({ offsetBytes, lengthBytes }) => ` ${offsetBytes}+${lengthBytes}`).join(',')
  return [
    ...problems,
    ...(unusedPacks > 0 ? [`unused packs: ${unusedPacks}`] : []),
    ...damagedPoints.flatMap(({ id, vm, damage }) =>
      damage.map((one) => `${id.slice(0, 10)} of ${vm}: ${one.path}${ranges(one.ranges)}: ${one.reason}`),
    ),
  ]
}

describe('a broken vault is told from a good one, in words, without a crash', () => {
  test.each(cases)('%s', async (name) => {
    const expectation = join(FOLDER, name, 'expected.txt')
    const said = await tell(name)
    if (process.env.HOLDFAST_ACCEPT_CASES) writeFileSync(expectation, said)
    expect(existsSync(expectation), `${expectation} is missing: run npm run cases:accept and read what it writes`).toBe(true)
    expect(said).toBe(readFileSync(expectation, 'utf8'))
  })

  test('the good vault draws nothing', async () => {
    const good = readFileSync(join(FOLDER, 'fine/expected.txt'), 'utf8')
    expect(good).toMatch(/verify:\nverify data:\n$/)
  })
})

test('the format page explains exactly the codes that there are', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/formats/vault.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (.*) \|$/gm)].map(([, code, meaning]) => [code, meaning])
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(Object.entries(vaultCodes).map(([code, { title }]) => [code, `${title}.`])))
})
