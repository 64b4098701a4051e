import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSink, openSource } from '../../src/blocks/index.ts'
import { type Folder, temporaryFolder } from '../peers/nbd-peers.ts'
import { sampleContent } from './memory-disk.ts'

const MIB = 2 ** 20
let folder: Folder
let path: string
beforeEach(() => {
  folder = temporaryFolder()
  path = join(folder.path, 'disk.raw')
})
afterEach(() => folder[Symbol.dispose]())

const allocatedBytes = () => statSync(path).blocks * 512

describe('a file as a source', () => {
  it('is read at any offset', async () => {
    const content = sampleContent(3 * MIB + 100)
    writeFileSync(path, content)
    await using source = await openSource({ kind: 'file', path })
    expect(source.sizeBytes).toBe(content.length)
    const into = Buffer.alloc(MIB)
    await source.read(12_345, into)
    expect(into.equals(content.subarray(12_345, 12_345 + MIB))).toBe(true)
    expect(await source.extents(5, 10)).toEqual([{ offsetBytes: 5, lengthBytes: 10, kind: 'data' }])
  })

  it('that holds nothing at all is one hole', async () => {
    writeFileSync(path, '')
    truncateSync(path, 10 * MIB)
    await using source = await openSource({ kind: 'file', path })
    expect(await source.extents(0, 10 * MIB)).toEqual([{ offsetBytes: 0, lengthBytes: 10 * MIB, kind: 'hole' }])
  })

  it('does not make up bytes behind its end', async () => {
    writeFileSync(path, 'short')
    await using source = await openSource({ kind: 'file', path })
    await expect(source.read(0, Buffer.alloc(6))).rejects.toThrow('ends before 6 bytes')
  })

  it('must be a file', async () => {
    mkdirSync(path)
    await expect(openSource({ kind: 'file', path })).rejects.toThrow('regular file or a block device')
    await expect(openSource({ kind: 'file', path: join(folder.path, 'none') })).rejects.toThrow('ENOENT')
  })
})

describe('a file as a sink', () => {
  it('is created sparse, for its owner only, and stays sparse where zeros go', async () => {
    await using sink = await openSink({ kind: 'file', path }, { sizeBytes: 64 * MIB })
    await sink.write(8 * MIB, Buffer.alloc(4096, 1))
    await sink.zero(16 * MIB, 32 * MIB)
    await sink.flush()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(path).size).toBe(64 * MIB)
    expect(allocatedBytes()).toBeLessThan(MIB)
  })

  it('makes zeros of what was written before', async () => {
    await using sink = await openSink({ kind: 'file', path }, { sizeBytes: 4 * MIB })
    await sink.write(MIB, Buffer.alloc(MIB, 1))
    await sink.zero(MIB + 10, MIB - 20)
    await sink.flush()
    const expected = Buffer.alloc(4 * MIB)
    expected.fill(1, MIB, MIB + 10).fill(1, 2 * MIB - 10, 2 * MIB)
    expect(readFileSync(path).equals(expected)).toBe(true)
  })

  it('makes zeros of what was there before it was opened, and allocates no zeros', async () => {
    writeFileSync(path, Buffer.alloc(MIB, 1))
    truncateSync(path, 8 * MIB)
    {
      await using sink = await openSink({ kind: 'file', path })
      await sink.zero(0, 8 * MIB)
    }
    expect(readFileSync(path).equals(Buffer.alloc(8 * MIB))).toBe(true)
    expect(allocatedBytes()).toBeLessThan(2 * MIB)
  })

  it('that is too small, or missing without a size, is refused and left alone', async () => {
    await expect(openSink({ kind: 'file', path })).rejects.toThrow('ENOENT')
    writeFileSync(path, 'precious')
    await expect(openSink({ kind: 'file', path }, { sizeBytes: 100 })).rejects.toThrow('has 8 bytes where the disk has 100')
    expect(readFileSync(path, 'utf8')).toBe('precious')
  })
})
