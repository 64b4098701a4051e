// `npm run bench:scale [-- --disk 10TiB --data 1GiB --limit 500MiB]`: a large sparse disk with little in it, stored, changed, restored and verified.
// It fails where a step takes more memory than the limit, or where a byte comes back otherwise.
import { randomFillSync } from 'node:crypto'
import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Extent } from '../src/blocks/index.ts'
import { formatSize, parseSize } from '../src/values/index.ts'
import { type Measured, timeScript } from './bench/measure.ts'
import { serveFile } from './bench/serve-file.ts'

const USE_VAULT = join(import.meta.dirname, 'bench/use-vault.ts')
const MIB = 2 ** 20

const { values } = parseArgs({
  options: {
    disk: { type: 'string', default: '10TiB' },
    data: { type: 'string', default: '1GiB' },
    /** Of resident memory, of every step. */
    limit: { type: 'string', default: '500MiB' },
  },
})
const [diskBytes, dataBytes, limitBytes] = [values.disk, values.data, values.limit].map((text) => {
  const bytes = parseSize(text)
  if (bytes === undefined) throw new Error(`${text} is no size; try 10TiB`)
  return bytes
}) as [number, number, number]

const folder = await mkdtemp(join(tmpdir(), 'holdfast-scale-'))
const at = (name: string): string => join(folder, name)
try {
  console.log(
    `a disk of ${formatSize(diskBytes)} with ${formatSize(dataBytes)} of data; load ${(loadavg()[0] ?? 0).toFixed(1)} at the start\n`,
  )
  console.log('| work | wall s | CPU s | peak RSS MiB |\n| --- | ---: | ---: | ---: |')
  const places = await writeNoise(dataBytes)
  await step('plan and full backup', ['full', at('vault'), 'served'])
  const changed = await writeNoise(dataBytes / 4)
  await writeFile(at('map.json'), JSON.stringify(mapOf(changed)))
  await step('incremental backup', ['incremental', at('vault'), 'served', at('map.json')])
  await step('sparse restore', ['restore', at('vault'), at('restored')])
  await step('verify all', ['verify', at('vault')])
  await compare([...places, ...changed])
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** Writes noise, a MiB at each of so many random places that lie on no chunk's edge; answers them in order. */
async function writeNoise(lengthBytes: number): Promise<readonly number[]> {
  await using file = await open(at('disk'), 'a+').then(async (made) => {
    await made.close()
    return await open(at('disk'), 'r+')
  })
  await file.truncate(diskBytes)
  const block = Buffer.allocUnsafe(MIB)
  const places = new Set<number>()
  while (places.size * MIB < lengthBytes) {
    const offsetBytes = Math.floor(Math.random() * (diskBytes / MIB - 1)) * MIB + 65_536
    if (places.has(offsetBytes)) continue
    places.add(offsetBytes)
    await file.write(randomFillSync(block), 0, MIB, offsetBytes)
  }
  return [...places].sort((a, b) => a - b)
}

function mapOf(places: readonly number[]): readonly Extent[] {
  const map: Extent[] = []
  let end = 0
  for (const offsetBytes of places) {
    if (offsetBytes > end) map.push({ offsetBytes: end, lengthBytes: offsetBytes - end, kind: 'unchanged' })
    map.push({ offsetBytes, lengthBytes: MIB, kind: 'data' })
    end = offsetBytes + MIB
  }
  return [...map, { offsetBytes: end, lengthBytes: diskBytes - end, kind: 'unchanged' }]
}

/** In a process of its own, so that its memory is its own; `served` stands for the disk behind an NBD server. */
async function step(title: string, args: readonly string[]): Promise<void> {
  await using server = await serveFile(at('disk'), at('nbd.sock'))
  const measured = await timeScript(USE_VAULT, ...args.map((arg) => (arg === 'served' ? JSON.stringify(server.address) : arg)))
  console.log(row(title, measured))
  if (measured.peakBytes > limitBytes)
    throw new Error(`${title} took ${formatSize(measured.peakBytes)}, more than ${values.limit}`)
}

function row(title: string, { wallMs, cpuMs, peakBytes }: Measured): string {
  return `| ${title} | ${(wallMs / 1000).toFixed(1)} | ${(cpuMs / 1000).toFixed(1)} | ${Math.round(peakBytes / MIB)} |`
}

/** What was written comes back, and the rest takes no room. */
async function compare(places: readonly number[]): Promise<void> {
  await using disk = await open(at('disk'), 'r')
  await using restored = await open(at('restored'), 'r')
  const [wanted, found] = [Buffer.alloc(MIB), Buffer.alloc(MIB)]
  for (const offsetBytes of places) {
    await disk.read(wanted, 0, MIB, offsetBytes)
    await restored.read(found, 0, MIB, offsetBytes)
    if (!found.equals(wanted)) throw new Error(`what lies at ${offsetBytes} came back otherwise`)
  }
  const { size, blocks } = await stat(at('restored'))
  const roomBytes = blocks * 512
  if (size !== diskBytes || roomBytes > 3 * places.length * MIB)
    throw new Error(`the restored disk takes ${formatSize(roomBytes)}`)
  console.log(`\n${places.length} places came back as they were; the restored disk takes ${formatSize(roomBytes)}`)
}
