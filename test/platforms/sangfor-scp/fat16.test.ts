import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDisk, type Disk } from '../../../src/platforms/sangfor-scp/simulator/disk.ts'
import { formatFat16, openFat16 } from '../../../src/platforms/sangfor-scp/simulator/fat16.ts'
import { peer } from '../../peers/peer.ts'

const MIB = 1 << 20
const content = (seed: number, sizeBytes: number) => Buffer.alloc(sizeBytes, `file ${seed} `)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-fat-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function imageOf(disk: Disk): string {
  const image = Buffer.alloc(disk.sizeBytes)
  disk.read(0, image)
  const path = join(folder, 'disk.img')
  writeFileSync(path, image)
  return path
}

describe('the FAT16 file system of simulated guests', () => {
  it('gives back files as they were written, also after they were replaced by longer and shorter ones', () => {
    const disk = createDisk(16 * MIB)
    const files = formatFat16(disk, 'erp')
    files.writeFile('ORDERS.DAT', content(1, 100_000))
    files.writeFile('NOTES.TXT', content(2, 10))
    files.writeFile('ORDERS.DAT', content(3, 300_000))
    files.writeFile('NOTES.TXT', content(4, 0))
    const again = openFat16(disk)
    expect(again.readFile('orders.dat')).toEqual(content(3, 300_000))
    expect(again.list()).toEqual([
      { name: 'ORDERS.DAT', sizeBytes: 300_000 },
      { name: 'NOTES.TXT', sizeBytes: 0 },
    ])
    expect(again.readFile('MISSING.TXT')).toBeUndefined()
  })

  it('refuses a disk that FAT16 does not fit and a file that the disk does not hold', () => {
    expect(() => formatFat16(createDisk(4 * MIB), 'small')).toThrow('does not fit')
    expect(() => formatFat16(createDisk(16 * MIB), 'erp').writeFile('BIG.DAT', Buffer.alloc(17 * MIB))).toThrow('full')
    expect(() => formatFat16(createDisk(16 * MIB), 'erp').writeFile('much too long.txt', Buffer.alloc(1))).toThrow('short')
  })

  describe.skipIf(!peer('fsck.fat', 'dosfstools'))('judged by fsck.fat', () => {
    it.each([16, 100, 512])('is sound at %i MiB, also after files were replaced', (sizeMib) => {
      const disk = createDisk(sizeMib * MIB)
      const files = formatFat16(disk, 'erp-db')
      for (let n = 0; n < 20; n += 1) files.writeFile(`FILE${n}.DAT`, content(n, n * 10_000))
      for (let n = 0; n < 20; n += 3) files.writeFile(`FILE${n}.DAT`, content(n, 200_000 - n * 9_000))
      const report = judged('fsck.fat', ['-n', imageOf(disk)])
      expect(report).toContain('21 files') // the volume's label counts as one
    })

    it('finds fault with a broken one (canary)', () => {
      const disk = createDisk(16 * MIB)
      formatFat16(disk, 'erp').writeFile('A.DAT', content(1, 50_000))
      disk.write(4 * 512 + 8, Buffer.from([0xfe, 0x0f]))
      expect(() => judged('fsck.fat', ['-n', imageOf(disk)])).toThrow()
    })
  })

  it.skipIf(!peer('mtype', 'mtools'))('is read by mtools', () => {
    const disk = createDisk(64 * MIB)
    const files = formatFat16(disk, 'erp-db')
    files.writeFile('HELLO.TXT', Buffer.from('written by a guest\n'))
    const image = imageOf(disk)
    expect(judged('mtype', ['-i', image, '::HELLO.TXT'])).toBe('written by a guest\n')
    expect(judged('mdir', ['-i', image, '::'])).toContain('ERP-DB')
  })
})

/** What the program says; throws when it finds fault. */
function judged(program: string, args: readonly string[]): string {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
  return execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe', env })
}
