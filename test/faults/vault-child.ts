// A process that uses a vault beside others, and may be killed: `vault-child.ts remove|hold|write VAULT …`.
import { once } from 'node:events'
import { localBackend, openBackend, type Vault, type WriteStep } from '../../src/vault/index.ts'
import { CHUNK } from '../vault/prune-world.ts'
import { PASSWORD, pointOf, whole } from '../vault/world.ts'

const GEOMETRY = { chunkBytes: CHUNK, segmentBytes: 8 * CHUNK }

export const openHere = (directory: string, before?: (step: WriteStep, path: string) => void): Promise<Vault> =>
  openBackend(localBackend(directory, before ? { before } : {}), PASSWORD, { threads: 0, geometry: GEOMETRY })

/** Forgets all but the two newest points, and frees what they held alone. Repeating it ends in the same. */
export async function removeOld(vault: Vault): Promise<void> {
  await vault.forget({ rules: { last: 2 }, dryRun: false })
  await vault.prune({ dryRun: false, maxUnused: 0 })
}

/** Dies before that step which changes the disk; answers how many there are. */
async function removeAndDie(directory: string, fatal: number): Promise<number> {
  let steps = 0
  await using vault = await openHere(directory, () => {
    if (steps === fatal) process.kill(process.pid, 'SIGKILL')
    steps += 1
  })
  await removeOld(vault)
  return steps
}

/** Reads from a point, and so has a lock, until its input ends. */
async function hold(directory: string): Promise<void> {
  await using vault = await openHere(directory)
  await using _disk = await vault.openDisk((await vault.point('latest')).id, 'ide0')
  process.stdout.write('up')
  process.stdin.resume()
  await once(process.stdin, 'end')
}

/** Points of a VM of its own, each from a file; waits for its input to end before the first, so that several start at once. */
async function write(directory: string, vm: string, path: string, sizeBytes: number, points: number): Promise<void> {
  await using vault = await openHere(directory)
  process.stdout.write('up')
  process.stdin.resume()
  await once(process.stdin, 'end')
  for (let n = 0; n < points; n += 1) {
    const ide0 = await vault.storeDisk({ disk: 'ide0', sizeBytes, source: { kind: 'file', path }, map: whole(sizeBytes) })
    await vault.commitPoint(pointOf(`run-${n}`, { ide0 }, { vm }))
  }
}

if (process.argv[1] === import.meta.filename) {
  const [, , task = '', directory = '', ...rest] = process.argv
  if (task === 'remove') process.stdout.write(String(await removeAndDie(directory, Number(rest[0]))))
  if (task === 'hold') await hold(directory)
  if (task === 'write') await write(directory, rest[0] ?? '', rest[1] ?? '', Number(rest[2]), Number(rest[3]))
}
