// A disk image to measure with: 40 % never written, 30 % that compresses well, 30 % noise, in runs of 16 MiB.
import { randomFillSync } from 'node:crypto'
import { open } from 'node:fs/promises'

const MIB = 2 ** 20
const RUN_MIB = 16

export async function createImage(path: string, sizeBytes: number): Promise<void> {
  await using file = await open(path, 'wx')
  await file.truncate(sizeBytes)
  const block = Buffer.alloc(MIB)
  for (let at = 0; at + MIB <= sizeBytes; at += MIB) {
    const turn = Math.floor(at / MIB / RUN_MIB) % 10
    if (turn < 4) continue
    if (turn < 7) block.fill(`a line of text at ${at}, as they are found in logs\n`)
    else randomFillSync(block)
    await file.write(block, 0, MIB, at)
  }
}
