// Disk images to measure with: 40 % never written, 30 % text that compresses, 30 % noise, in runs of 16 MiB; and what a guest writes to them later.
import { randomBytes, randomFillSync } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { Extent } from '../../src/blocks/index.ts'

const MIB = 2 ** 20
const RUN_MIB = 16
const PAGE_BYTES = 4096

export async function createImage(path: string, sizeBytes: number): Promise<void> {
  await using file = await open(path, 'wx')
  await file.truncate(sizeBytes)
  const block = Buffer.alloc(MIB)
  for (let at = 0; at + MIB <= sizeBytes; at += MIB) {
    const turn = Math.floor(at / MIB / RUN_MIB) % 10
    if (turn < 4) continue
    if (turn < 7) fillWithText(block)
    else randomFillSync(block)
    await file.write(block, 0, MIB, at)
  }
  // What is still on its way to the disk would slow down whoever is measured first.
  await file.sync()
}

const EVENTS = [
  'session opened for user',
  'connection closed by',
  'accepted publickey for',
  'request finished in',
  'cache miss on key',
]
const PARTS = ['sshd', 'cron', 'nginx', 'postgres', 'systemd', 'kernel']
const NUMBERS_A_LINE = 4

/** Lines as in logs: zstd at level 1 makes a quarter of them. */
function fillWithText(block: Buffer): void {
  const random = new Uint32Array(NUMBERS_A_LINE)
  for (let at = 0, line = 0; at < block.length; line += 1) {
    crypto.getRandomValues(random)
    const [a = 0, b = 0, c = 0, d = 0] = random
    const time = new Date(1.76e12 + line * 137).toISOString()
    at += block.write(
      `${time} host-${a % 16} ${PARTS[b % PARTS.length]}[${c % 30_000}]: ${EVENTS[d % EVENTS.length]} ${b.toString(36)} from 10.3.${a % 64}.${c % 250} port ${d % 60_000}\n`,
      at,
      'latin1',
    )
  }
}

/** Writes noise over so many pages at random places, and over one run; answers the map of the disk since. */
export async function changeImage(path: string, sizeBytes: number, pages: number, runBytes: number): Promise<readonly Extent[]> {
  await using file = await open(path, 'r+')
  const places = new Set<number>()
  while (places.size < pages) places.add(Math.floor((Math.random() * sizeBytes) / PAGE_BYTES))
  const noise = randomBytes(PAGE_BYTES)
  for (const place of places) {
    randomFillSync(noise, 0, 16)
    await file.write(noise, 0, PAGE_BYTES, place * PAGE_BYTES)
  }
  const start = Math.floor((Math.random() * (sizeBytes - runBytes)) / PAGE_BYTES) * PAGE_BYTES
  const run = randomBytes(runBytes)
  await file.write(run, 0, runBytes, start)
  await file.sync()
  for (let at = start; at < start + runBytes; at += PAGE_BYTES) places.add(at / PAGE_BYTES)
  return mapOf(
    [...places].sort((a, b) => a - b),
    sizeBytes,
  )
}

function mapOf(pages: readonly number[], sizeBytes: number): readonly Extent[] {
  const map: Extent[] = []
  let at = 0
  for (const page of pages) {
    const offsetBytes = page * PAGE_BYTES
    const last = map.at(-1)
    if (offsetBytes > at) map.push({ offsetBytes: at, lengthBytes: offsetBytes - at, kind: 'unchanged' })
    if (offsetBytes === at && last?.kind === 'data') map[map.length - 1] = { ...last, lengthBytes: last.lengthBytes + PAGE_BYTES }
    else map.push({ offsetBytes, lengthBytes: PAGE_BYTES, kind: 'data' })
    at = offsetBytes + PAGE_BYTES
  }
  if (at < sizeBytes) map.push({ offsetBytes: at, lengthBytes: sizeBytes - at, kind: 'unchanged' })
  return map
}
