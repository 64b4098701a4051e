// Many rehearsals of one runbook from one seed; those that show a violation are shrunk to the fewest faults that still show it.
import { drawFaults, groundOf, nameOf } from './draw.ts'
import type { Fault, Rehearsal, RehearsalReport } from './model.ts'
import { PlainRunFailed, rehearseOnce, type Troupe } from './perform.ts'

export interface RehearseRequest extends Troupe {
  readonly runs: number
  /** At most so many in one run. */
  readonly faults: number
  /** Only this one of the runs. */
  readonly only?: number
  readonly onRun?: (rehearsal: Rehearsal) => void
}

/** Throws when the runbook does not even succeed without faults: then there is nothing to compare with. */
export async function rehearse(request: RehearseRequest): Promise<RehearsalReport> {
  const { standIns, ...plain } = await rehearseOnce(request, 0, [])
  if (plain.status !== 'succeeded' || plain.violations.length > 0)
    throw new PlainRunFailed(plain.failure ?? plain.violations.join('; '))
  const ground = groundOf(plain, standIns)
  const numbers = request.only === undefined ? Array.from({ length: request.runs }, (_, i) => i + 1) : [request.only]
  const done: Rehearsal[] = []
  const found: Rehearsal[] = []
  for (const number of numbers) {
    const rehearsal = await once(request, number, drawFaults(ground, request.seed, number, request.faults))
    done.push(rehearsal)
    request.onRun?.(rehearsal)
    if (rehearsal.violations.length > 0) found.push(await shrink(request, rehearsal))
  }
  const { runbook } = request.scene.start
  return {
    runbook: runbook.name,
    version: runbook.version,
    seed: request.seed,
    faultsPerRun: request.faults,
    runs: done.length,
    byStatus: countBy(done.map(({ status }) => status)),
    byFault: countBy(done.flatMap(({ faults }) => faults.map(nameOf))),
    resumed: sum(done.map(({ resumed }) => resumed)),
    reaped: sum(done.map(({ reaped }) => reaped)),
    rehearsedMs: sum(done.map(({ tookMs }) => tookMs)),
    found,
  }
}

async function once(request: RehearseRequest, number: number, faults: readonly Fault[]): Promise<Rehearsal> {
  const { standIns: _, ...rehearsal } = await rehearseOnce(request, number, faults)
  return rehearsal
}

/** Leaves out one fault after the other for as long as what is left still shows a violation. */
export async function shrink(request: RehearseRequest, rehearsal: Rehearsal): Promise<Rehearsal> {
  for (const fault of rehearsal.faults) {
    const fewer = rehearsal.faults.filter((other) => other !== fault)
    if (fewer.length === 0) continue
    const again = await once(request, rehearsal.number, fewer)
    if (again.violations.length > 0) return shrink(request, again)
  }
  return rehearsal
}

function countBy(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
