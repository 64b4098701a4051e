// A prepared pack stands for its texts, and only for them.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type LoadedPack,
  loadPack,
  parsePack,
  parseUnlessPrepared,
  preparedPack,
  preparePack,
  type SourceText,
} from '../../src/packs/index.ts'

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

describe('texts that are at hand', () => {
  const textsOf = (): [SourceText, SourceText] => {
    const [manifest, openapi] = ['pack.yaml', 'openapi.yaml'].map((name) => ({
      file: `${NAME}/${name}`,
      text: readFileSync(join(built, name), 'utf8'),
    }))
    if (!manifest || !openapi) throw new Error('the pack has both')
    return [manifest, openapi]
  }

  it('are not parsed where they are those of a prepared pack', async () => {
    const [manifest, openapi] = textsOf()
    expect(await parseUnlessPrepared(folder)(manifest, openapi)).toEqual(await parsePack(manifest, openapi))
    // What nobody could parse shows where the answer comes from.
    const marked = mkdtempSync(join(folder, 'marked-'))
    const prepared = JSON.parse(readFileSync(join(folder, `${NAME}.json`), 'utf8'))
    writeFileSync(join(marked, `${NAME}.json`), JSON.stringify({ ...prepared, pack: { ...prepared.pack, title: 'prepared' } }))
    expect((await parseUnlessPrepared(marked)(manifest, openapi)).pack?.title).toBe('prepared')
  })

  it('are parsed where they are others, or nothing is prepared', async () => {
    const [manifest, openapi] = textsOf()
    const edited = { ...manifest, text: manifest.text.replace(/^title: .*$/m, 'title: edited') }
    expect((await parseUnlessPrepared(folder)(edited, openapi)).pack?.title).toBe('edited')
    expect(await parseUnlessPrepared(join(folder, 'nothing'))(manifest, openapi)).toEqual(await parsePack(manifest, openapi))
  })
})
