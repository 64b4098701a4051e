// What any storage backend of a vault must do (B1 durability is proven apart, by killing). Usable from outside this repository.
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Backend, FileKind } from '../../src/vault/index.ts'

const KINDS: readonly FileKind[] = ['key', 'pack', 'index', 'snapshot', 'lock']
const name = (): string => randomBytes(32).toString('hex')

/** `create` gives a new, empty storage each time. */
export function backendContract(create: () => Promise<AsyncDisposable & { readonly backend: Backend }>): void {
  test.each(KINDS)('keeps a %s file: whole, by range, in the list, until removed', async (kind) => {
    await using world = await create()
    const { backend } = world
    const id = name()
    await backend.put(kind, id, [Buffer.from('abc'), Buffer.alloc(0), Buffer.from('defg')])
    expect((await backend.read(kind, id)).toString()).toBe('abcdefg')
    expect((await backend.read(kind, id, { offsetBytes: 2, lengthBytes: 3 })).toString()).toBe('cde')
    expect(await backend.list(kind)).toEqual([{ name: id, sizeBytes: 7 }])
    expect(await backend.names(kind)).toEqual([id])
    await backend.remove(kind, id)
    expect(await backend.list(kind)).toEqual([])
  })

  test('keeps kinds apart', async () => {
    await using world = await create()
    const id = name()
    await world.backend.put('index', id, [Buffer.from('index')])
    for (const kind of KINDS) expect(await world.backend.list(kind)).toHaveLength(kind === 'index' ? 1 : 0)
  })

  test('has at most one config', async () => {
    await using world = await create()
    expect(await world.backend.list('config')).toEqual([])
    await world.backend.put('config', 'config', [Buffer.from('settings')])
    expect(await world.backend.list('config')).toEqual([{ name: 'config', sizeBytes: 8 }])
    expect(await world.backend.names('config')).toEqual(['config'])
    expect((await world.backend.read('config', 'config')).toString()).toBe('settings')
  })

  test('says which file is missing', async () => {
    await using world = await create()
    const id = name()
    await expect(world.backend.read('pack', id)).rejects.toMatchObject({
      code: 'VAULT_FILE_MISSING',
      message: `pack ${id.slice(0, 10)} is missing`,
    })
  })

  test('reads nothing beyond the end of a file, and says how long it is', async () => {
    await using world = await create()
    const id = name()
    await world.backend.put('pack', id, [Buffer.from('short')])
    await expect(world.backend.read('pack', id, { offsetBytes: 3, lengthBytes: 4 })).rejects.toMatchObject({
      code: 'VAULT_FILE_DAMAGED',
      message: `pack ${id.slice(0, 10)} is damaged: it has 5 bytes, 7 are needed`,
    })
  })

  test('takes the same file twice (B3), also at once', async () => {
    await using world = await create()
    const id = name()
    await Promise.all([1, 2, 3].map(() => world.backend.put('pack', id, [Buffer.from('same')])))
    expect((await world.backend.read('pack', id)).toString()).toBe('same')
    expect(await world.backend.list('pack')).toHaveLength(1)
  })

  test('tells whether a folder is there, where it has folders', async () => {
    await using storage = await create()
    const { backend } = storage
    await backend.prepare?.()
    expect((await backend.hasFolder?.('snapshot')) ?? true).toBe(true)
  })

  test('does not mind removing what is gone', async () => {
    await using world = await create()
    await world.backend.remove('lock', name())
  })

  test('keeps an empty file and one of thousands of parts', async () => {
    await using world = await create()
    const [empty, parted] = [name(), name()]
    await world.backend.put('pack', empty, [])
    await world.backend.put(
      'pack',
      parted,
      Array.from({ length: 3000 }, (_, i) => Buffer.of(i & 0xff)),
    )
    expect((await world.backend.read('pack', empty)).length).toBe(0)
    expect((await world.backend.read('pack', parted)).length).toBe(3000)
  })

  test('shows a file that grows only when it is finished, where files can grow', async () => {
    await using world = await create()
    const { backend } = world
    if (!backend.begin) return
    const [id, other] = [name(), name()]
    const [file, dropped] = [await backend.begin('pack'), await backend.begin('pack')]
    await file.append([Buffer.from('abc'), Buffer.alloc(0)])
    await dropped.append([Buffer.from('x')])
    await file.append([Buffer.from('defg')])
    expect(await backend.list('pack')).toEqual([])
    await dropped.abandon()
    await file.finish(id)
    expect((await backend.read('pack', id)).toString()).toBe('abcdefg')
    await backend.put('pack', other, [])
    expect(new Set(await backend.names('pack'))).toEqual(new Set([id, other]))
  })
}
