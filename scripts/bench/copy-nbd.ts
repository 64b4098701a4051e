// Measured by nbd.ts: copies the disk at an address to a file.
import { copyBlocks, type DiskAddress, openSink, openSource } from '../../src/blocks/index.ts'
import { reportMeasured } from './measure.ts'

const [address, path] = process.argv.slice(2)
if (address === undefined || path === undefined) throw new Error('Usage: copy-nbd.ts <address as JSON> <file>')

await reportMeasured(async () => {
  await using source = await openSource(JSON.parse(address) as DiskAddress)
  const extents = await source.extents(0, source.sizeBytes)
  await using sink = await openSink({ kind: 'file', path }, { sizeBytes: source.sizeBytes })
  await copyBlocks(source, sink, extents)
  return undefined
})
