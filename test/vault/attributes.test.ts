// Extended attributes through getfattr and setfattr: what cannot be read or set is told of the file that it is about.
import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { keyOf, readAttributes, writeAttributes } from '../../src/vault/files/attributes.ts'
import { attributesAhead } from '../../src/vault/files/attributes-ahead.ts'
import { peer } from '../peers/peer.ts'
import { createFolder } from './world.ts'

const value = Buffer.from('x').toString('base64')

describe.skipIf(!peer('getfattr', 'attr') || !peer('setfattr', 'attr'))('extended attributes', () => {
  test('that cannot be set are told of their file, and the others are set', async () => {
    await using folder = await createFolder()
    const [odd, plain] = ['a: b\n', 'plain'].map((name) => Buffer.from(folder.file(name)))
    if (!odd || !plain) throw new Error('no paths')
    for (const path of [odd, plain]) writeFileSync(path, '')
    const failed = await writeAttributes([
      { path: odd, attributes: [{ name: 'nowhere.x', value }] },
      { path: plain, attributes: [{ name: 'user.sp ace', value }] },
      { path: Buffer.from(folder.file('gone')), attributes: [{ name: 'user.x', value }] },
    ])
    expect([...failed]).toEqual([
      [keyOf(odd), 'Operation not supported'],
      [folder.file('gone'), 'No such file or directory'],
    ])
    const { found, failed: unread } = await readAttributes([odd, plain, Buffer.from(folder.file('gone'))])
    expect([...found]).toEqual([[keyOf(plain), [{ name: 'user.sp ace', value }]]])
    expect(unread.size).toBe(0)
  })

  test('of many files are read, whatever their number', async () => {
    await using folder = await createFolder()
    const paths = Array.from({ length: 10 }, (_, n) => Buffer.from(folder.file(`file-${n}`)))
    for (const path of paths) writeFileSync(path, '')
    expect(await writeAttributes(paths.map((path) => ({ path, attributes: [{ name: 'user.n', value }] })))).toEqual(new Map())
    // Some 300 KB of names: more than a command takes at once.
    const { found, failed } = await readAttributes(Array.from({ length: 500 }, () => paths).flat())
    expect([found.size, failed.size]).toEqual([10, 0])
  })

  test('are read ahead of a walk, more folders than one reading looks into and files that came since among them', async () => {
    await using folder = await createFolder()
    const folders = Array.from({ length: 1030 }, (_, n) => folder.file(`inside/${1000 + n}`))
    const paths = folders.map((each) => Buffer.from(`${each}/file`))
    for (const each of folders) {
      mkdirSync(each, { recursive: true })
      writeFileSync(`${each}/file`, '')
    }
    await writeAttributes(paths.map((path) => ({ path, attributes: [{ name: 'user.n', value }] })))
    const ahead = attributesAhead()
    await ahead.of(Buffer.from(folder.path), [])
    const late = Buffer.from(`${folders[0]}/late`)
    writeFileSync(late, '')
    await writeAttributes([{ path: late, attributes: [{ name: 'user.late', value }] }])
    for (const [n, path] of paths.entries()) {
      const { reading } = await ahead.of(Buffer.from(folders[n] ?? ''), n === 0 ? [path, late] : [path])
      const { found, failed } = await reading
      expect([found.get(keyOf(path)), found.get(keyOf(late)), failed.size]).toEqual([
        [{ name: 'user.n', value }],
        n === 0 ? [{ name: 'user.late', value }] : undefined,
        0,
      ])
    }
  })
})
