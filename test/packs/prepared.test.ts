// A prepared pack stands for its texts, and only for them.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type LoadedPack, loadPack, preparedPack, preparePack } from '../../src/packs/index.ts'

const NAME = 'smartx-cloudtower'

let folder = ''
/** Where the pack was when it was prepared, and where it is installed. */
let built = ''
let installed = ''
let loaded: LoadedPack

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-prepared-'))
  built = join(folder, 'built', NAME)
  cpSync(join(import.meta.dirname, '../../runbooks', NAME), built, { recursive: true })
  loaded = await loadPack(built)
  await preparePack(loaded, folder)
})

beforeEach(() => {
  installed = join(mkdtempSync(join(folder, 'installed-')), NAME)
  cpSync(built, installed, { recursive: true })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const append = (file: string, text: string): void => writeFileSync(file, readFileSync(file, 'utf8') + text)

it('is what reading and checking it gives, with its operations', async () => {
  const prepared = await preparedPack(built, folder)
  expect(prepared).toEqual(loaded)
  expect(prepared?.pack?.openapi).toBeDefined()
})

it('names the files where they are installed, and no place of a build', async () => {
  const prepared = await preparedPack(installed, folder)
  expect([...(prepared?.sources.keys() ?? [])]).toEqual([join(installed, 'pack.yaml'), join(installed, 'openapi.yaml')])
  expect(JSON.stringify(prepared)).toContain(installed)
  expect(JSON.stringify(prepared)).not.toContain(built)
})

it.each(['pack.yaml', 'openapi.yaml'])('does not count where another %s is installed', async (name) => {
  append(join(installed, name), '# edited\n')
  expect(await preparedPack(installed, folder)).toBeUndefined()
})

it('does not count where a text of it is missing', async () => {
  rmSync(join(installed, 'openapi.yaml'))
  expect(await preparedPack(installed, folder)).toBeUndefined()
})

it('does not count where it is cut short itself', async () => {
  const cut = mkdtempSync(join(folder, 'cut-'))
  writeFileSync(join(cut, `${NAME}.json`), readFileSync(join(folder, `${NAME}.json`), 'utf8').slice(0, -1))
  expect(await preparedPack(installed, cut)).toBeUndefined()
})

it('is not made of a pack that something is said about', async () => {
  const { pack: _, ...broken } = loaded
  await expect(preparePack(broken, folder)).rejects.toThrow('without diagnostics')
})
