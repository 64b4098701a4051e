// Which faults a rehearsal meets: drawn from a seed, evenly over what a run without faults was seen to do.
import type { StandIn } from '../platforms/index.ts'
import { type Fault, type Rehearsal, WIRE_FAULTS } from './model.ts'
import { createRandom, type Random } from './random.ts'

/** Mostly not at all: a host that comes up again has the right time or a badly wrong one. */
const CLOCK_SET_BY_MS = [0, 0, 0, 0, 86_400_000, 3_600_000, -3_600_000] as const

/** What a run without faults did: the places where something can go wrong. */
export interface Ground {
  readonly records: number
  readonly wire: readonly Place[]
  readonly inside: readonly (Place & { readonly connection: string; readonly faults: readonly [string, ...string[]] })[]
}

interface Place {
  readonly operation: string
  readonly times: number
}

export function groundOf(plain: Rehearsal, standIns: readonly StandIn[]): Ground {
  const places = standIns.flatMap((standIn) =>
    Object.entries(standIn.asked()).map(([operation, times]) => ({ standIn, operation, times })),
  )
  return {
    records: plain.records,
    wire: places.flatMap(({ standIn, operation, times }) => (standIn.api && times > 0 ? [{ operation, times }] : [])),
    inside: places.flatMap(({ standIn, operation, times }) => {
      const [first, ...rest] = standIn.faultsOf(operation)
      return first === undefined || times === 0
        ? []
        : [{ operation, times, connection: standIn.connection, faults: [first, ...rest] as [string, ...string[]] }]
    }),
  }
}

export function drawFaults(ground: Ground, seed: string, number: number, most: number): readonly Fault[] {
  const random = createRandom(`${seed}/${number}`)
  return Array.from({ length: 1 + random.below(most) }, () => drawFault(ground, random))
}

function drawFault({ records, wire, inside }: Ground, random: Random): Fault {
  const record = 1 + random.below(records)
  const [firstWire, ...otherWire] = wire
  const [firstInside, ...otherInside] = inside
  // Half of what goes wrong goes wrong on the wire.
  const kind = random.pick(['wire', 'wire', 'wire', 'wire', 'inside', 'inside', 'crash', 'crash', 'crash', 'cancel'])
  if (kind === 'wire' && firstWire) {
    const { operation, times } = random.pick([firstWire, ...otherWire])
    return { kind, operation, skip: random.below(times), does: random.pick(WIRE_FAULTS) }
  }
  if (kind === 'inside' && firstInside) {
    const { connection, operation, times, faults } = random.pick([firstInside, ...otherInside])
    return { kind, connection, operation, skip: random.below(times), does: random.pick(faults) }
  }
  if (kind === 'cancel') return { kind, record }
  return { kind: 'crash', record, moment: random.pick(['before', 'after']), clockSetByMs: random.pick(CLOCK_SET_BY_MS) }
}
