// Memory that chunks are read into, and how few requests it takes to write them back.
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { type Backend, initBackend, memoryBackend, openBackend } from '../../src/vault/index.ts'
import { createChunkMemory } from '../../src/vault/workers/chunk-memory.ts'
import { backUp, createFolder, MiB, noise, PASSWORD, SMALL, writeDisk } from './world.ts'

describe('memory for chunks', () => {
  test('keeps chunks that are taken at the same time apart', () => {
    const memory = createChunkMemory()
    const taken = Array.from({ length: 11 }, (_, i) => memory.take(4096 - i).fill(i))
    expect(taken.every((chunk, i) => chunk.length === 4096 - i && chunk.every((byte) => byte === i))).toBe(true)
  })

  test('begins each slot where a page begins, as far as chunks are made of pages', () => {
    const memory = createChunkMemory()
    expect(Array.from({ length: 9 }, () => memory.take(3 * 4096).byteOffset % 4096)).toEqual(Array(9).fill(0))
  })

  test('takes slots again that came back, and leaves those behind that have become too short', () => {
    const memory = createChunkMemory()
    const first = memory.take(4096)
    memory.giveBack(first)
    expect(memory.take(100).buffer).toBe(first.buffer)
    const longer = memory.take(8192)
    expect(longer.length).toBe(8192)
    memory.giveBack(first)
    const next = Array.from({ length: 8 }, () => memory.take(8192))
    expect(next.every((chunk) => chunk.length === 8192 && chunk.buffer !== first.buffer)).toBe(true)
  })
})

describe('writing chunks back', () => {
  test('asks the storage once for chunks that lie near each other in a pack', async () => {
    await using folder = await createFolder()
    const backend = memoryBackend()
    const reads: number[] = []
    const counting: Backend = {
      ...backend,
      read: (kind, name, range) => {
        if (kind === 'pack' && range && range.lengthBytes > MiB / 2) reads.push(range.lengthBytes)
        return backend.read(kind, name, range)
      },
    }
    await initBackend(counting, PASSWORD)
    await using vault = await openBackend(counting, PASSWORD, { geometry: SMALL })
    const content = noise(7, 8 * MiB)
    const { id } = await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), content), content.length)
    const target = folder.file('restored')
    await vault.restoreDisk({ pointId: id, disk: 'ide0', target: { kind: 'file', path: target } })
    expect(reads.length).toBe(1)
    expect((await readFile(target)).equals(content)).toBe(true)
  })
})
