// What a bench is run with: how often, on a disk of which size, on what machine and when. It says so before the first row.
import { availableParallelism, cpus, loadavg } from 'node:os'
import { formatSize, parseSize } from '../../src/values/index.ts'

/** `what` is measured: an image, a disk. Throws where the size is none. */
export function tellSetting(what: string, values: { readonly rounds: string; readonly size: string }) {
  const rounds = Number(values.rounds)
  const sizeBytes = parseSize(values.size)
  if (sizeBytes === undefined) throw new Error(`--size: ${values.size} is no size; try 1GiB`)
  const machine = { processors: availableParallelism(), model: cpus()[0]?.model ?? '', load: loadavg()[0] ?? 0 }
  const date = new Date().toISOString()
  console.log(
    `${date.slice(0, 10)}, ${machine.processors} processors (${machine.model}), load ${machine.load.toFixed(1)} at the start;`,
  )
  console.log(
    `${what} of ${formatSize(sizeBytes)}, medians of ${rounds} rounds. × wall, × CPU: what the peer took of what we took.\n`,
  )
  return { date, machine, sizeBytes, rounds }
}
