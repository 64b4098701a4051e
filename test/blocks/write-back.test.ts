// When a disk begins to write what is being written to a file of it, and that no error is lost.
import { describe, expect, it } from 'vitest'
import { createWriteBack } from '../../src/blocks/write-back.ts'

const MIB = 2 ** 20

/** A disk that is asked to write, and does so when told. */
function slowDisk() {
  const asked: PromiseWithResolvers<void>[] = []
  const datasync = (): Promise<void> => {
    const each = Promise.withResolvers<void>()
    asked.push(each)
    return each.promise
  }
  return { asked, writeBack: createWriteBack(datasync) }
}

describe('a file that is written to', () => {
  it('has its disk begin after 64 MiB, and again after as much more, never twice at once', async () => {
    const { asked, writeBack } = slowDisk()
    writeBack.wrote(63 * MIB)
    expect(asked).toHaveLength(0)
    writeBack.wrote(MIB)
    expect(asked).toHaveLength(1)
    writeBack.wrote(640 * MIB)
    expect(asked).toHaveLength(1)
    asked[0]?.resolve()
    await writeBack.ended()
    writeBack.wrote(1)
    expect(asked).toHaveLength(2)
    asked[1]?.resolve()
    await writeBack.ended()
  })

  it('has ended when nothing was begun', async () => {
    const { asked, writeBack } = slowDisk()
    writeBack.wrote(1)
    await writeBack.ended()
    expect(asked).toHaveLength(0)
  })

  it('tells at its end that its disk failed long before, each time it is asked', async () => {
    const { asked, writeBack } = slowDisk()
    writeBack.wrote(64 * MIB)
    asked[0]?.reject(new Error('EIO: i/o error, fdatasync'))
    await Promise.resolve()
    writeBack.wrote(64 * MIB)
    asked[1]?.resolve()
    await expect(writeBack.ended()).rejects.toThrow('EIO')
    await expect(writeBack.ended()).rejects.toThrow('EIO')
  })
})
