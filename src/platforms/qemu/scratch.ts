// Scratch: for each disk a file that takes what a guest overwrites while its snapshot is read. QEMU makes it and writes it.
import { readdir, rm } from 'node:fs/promises'
import type { JsonObject } from '../../values/index.ts'
import type { Call } from './call.ts'
import { disksOf, drivesOf, objectsOf } from './drives.ts'
import { failure, gone } from './failures.ts'
import { nodesOf, scratchPath } from './names.ts'

const POLL_MS = 10

export async function createScratch(call: Call): Promise<JsonObject> {
  const { input, monitor, change, scratchDirectory } = call
  const { name, disks } = input as { readonly name: string; readonly disks: readonly string[] }
  const { drives } = await drivesOf(monitor)
  for (const { disk, sizeBytes } of drives.filter((drive) => disks.includes(drive.disk))) {
    const { job, scratchFile, scratch } = nodesOf(name, disk)
    const filename = scratchPath(scratchDirectory, name, disk)
    await runJob(call, job, { driver: 'file', filename, size: 0 })
    await change('blockdev-add', { driver: 'file', 'node-name': scratchFile, filename })
    await runJob(call, job, { driver: 'qcow2', file: scratchFile, size: sizeBytes })
    await change('blockdev-add', { driver: 'qcow2', 'node-name': scratch, file: scratchFile })
  }
  return { name }
}

async function runJob({ monitor, change, context }: Call, job: string, options: JsonObject): Promise<void> {
  await change('blockdev-create', { 'job-id': job, options })
  for (;;) {
    const [found] = objectsOf(await monitor.ask('query-jobs')).filter(({ id }) => id === job)
    if (!found) return
    if (found.status === 'concluded') {
      await change('job-dismiss', { id: job })
      if (found.error === undefined) return
      throw failure({ type: 'scratchUnusable', message: String(found.error), retryable: false, applied: 'maybe' })
    }
    await context.clock.sleep(POLL_MS, context.signal)
  }
}

export async function findScratch(call: Call): Promise<JsonObject> {
  const name = String(call.input.name)
  const { made, files } = await remains(call, name)
  return { found: made.length + files.length > 0, name }
}

/** Nodes from the top down, then files. */
export async function deleteScratch(call: Call): Promise<JsonObject> {
  const name = String(call.input.name)
  const { made, jobs, files } = await remains(call, name)
  if (made.length + files.length === 0) throw gone(`scratch of ${name}`)
  for (const id of jobs) await call.change('job-dismiss', { id })
  for (const node of made) await call.change('blockdev-del', { 'node-name': node })
  for (const file of files) await rm(file, { force: true })
  return {}
}

/** What is there of it, however far its making came. */
async function remains({ input, monitor, scratchDirectory }: Call, name: string) {
  const { drives, nodes } = await drivesOf(monitor)
  const expected = disksOf(input, drives).map((disk) => ({
    ...nodesOf(name, disk),
    path: scratchPath(scratchDirectory, name, disk),
  }))
  const running = objectsOf(await monitor.ask('query-jobs')).map(({ id }) => String(id))
  const there = (await readdir(scratchDirectory)).map((file) => `${scratchDirectory}/${file}`)
  return {
    made: expected.flatMap(({ scratch, scratchFile }) => [scratch, scratchFile]).filter((node) => nodes.has(node)),
    jobs: expected.map(({ job }) => job).filter((job) => running.includes(job)),
    files: expected.map(({ path }) => path).filter((path) => there.includes(path)),
  }
}
