// Which faults a rehearsal meets: drawn from a seed, evenly over what a run without faults was seen to do.
import type { StandIn } from '../platforms/index.ts'
import { DISK_FAULTS, type DiskFault, type Fault, JOURNAL_FAULTS, type Rehearsal, WIRE_FAULTS } from './model.ts'
import { createRandom, type Random } from './random.ts'

/** Mostly not at all: a host that comes up again has the right time or a badly wrong one. */
const CLOCK_SET_BY_MS = [0, 0, 0, 0, 86_400_000, 3_600_000, -3_600_000] as const

/** How often each kind is drawn beside the others: much of what goes wrong goes wrong on the wire. */
const KINDS = [
  ...(['wire', 'wire', 'wire', 'wire', 'disks', 'disks', 'inside', 'inside', 'inside'] as const),
  ...(['crash', 'crash', 'crash', 'journal', 'cancel'] as const),
] as const satisfies readonly [Fault['kind'], ...Fault['kind'][]]

/** What a run without faults did: the places where something can go wrong. */
export interface Ground {
  readonly records: number
  readonly wire: readonly Place[]
  readonly disks: Rehearsal['disks']
  /** The faults that a stand-in knows, each with the places where it can strike. */
  readonly inside: readonly { readonly connection: string; readonly does: string; readonly places: readonly Place[] }[]
}

interface Place {
  readonly operation: string
  readonly times: number
}

export function groundOf(plain: Rehearsal, standIns: readonly StandIn[]): Ground {
  const placesOf = (standIn: StandIn): readonly Place[] =>
    Object.entries(standIn.asked()).flatMap(([operation, times]) => (times > 0 ? [{ operation, times }] : []))
  return {
    records: plain.records,
    wire: standIns.flatMap((standIn) => (standIn.api ? placesOf(standIn) : [])),
    disks: plain.disks,
    inside: standIns.flatMap((standIn) => {
      const places = placesOf(standIn)
      const known = new Set(places.flatMap(({ operation }) => standIn.faultsOf(operation)))
      return [...known].map((does) => ({
        connection: standIn.connection,
        does,
        places: places.filter(({ operation }) => standIn.faultsOf(operation).includes(does)),
      }))
    }),
  }
}

export function drawFaults(ground: Ground, seed: string, number: number, most: number): readonly Fault[] {
  const random = createRandom(`${seed}/${number}`)
  return Array.from({ length: 1 + random.below(most) }, () => drawFault(ground, random))
}

function drawFault(ground: Ground, random: Random): Fault {
  const record = 1 + random.below(ground.records)
  const kind = random.pick(KINDS)
  switch (kind) {
    case 'wire':
      return drawWireFault(ground, random) ?? drawCrash(record, random)
    case 'disks':
      return drawDiskFault(ground, random) ?? drawCrash(record, random)
    case 'inside':
      return drawInsideFault(ground, random) ?? drawCrash(record, random)
    case 'crash':
      return drawCrash(record, random)
    case 'journal':
      return { kind, record, does: random.pick(JOURNAL_FAULTS) }
    case 'cancel':
      return { kind, record }
    default:
      return kind satisfies never
  }
}

const drawCrash = (record: number, random: Random): Fault => ({
  kind: 'crash',
  record,
  moment: random.pick(['before', 'after']),
  clockSetByMs: random.pick(CLOCK_SET_BY_MS),
})

function drawWireFault({ wire: [first, ...others] }: Ground, random: Random): Fault | undefined {
  if (!first) return undefined
  const { operation, times } = random.pick([first, ...others])
  return { kind: 'wire', operation, skip: random.below(times), does: random.pick(WIRE_FAULTS) }
}

/** First what goes wrong, then where: most faults can strike at few of the many places. */
function drawInsideFault({ inside: [first, ...others] }: Ground, random: Random): Fault | undefined {
  if (!first) return undefined
  const { connection, does, places } = random.pick([first, ...others])
  const [place, ...more] = places
  if (!place) return undefined
  const { operation, times } = random.pick([place, ...more])
  return { kind: 'inside', connection, operation, skip: random.below(times), does }
}

function drawDiskFault({ disks }: Ground, random: Random): DiskFault | undefined {
  if (disks.connect === 0) return undefined
  const at = random.pick<DiskFault['at']>(['connect', 'answer', 'answer', 'answer'])
  const skip = random.below(disks[at])
  return at === 'connect'
    ? { kind: 'disks', at, skip, does: random.pick(DISK_FAULTS.connect) }
    : { kind: 'disks', at, skip, does: random.pick(DISK_FAULTS.answer) }
}

/** What the draw table calls it. */
export function nameOf(fault: Fault): string {
  switch (fault.kind) {
    case 'wire':
    case 'inside':
      return fault.does
    case 'disks':
    case 'journal':
      return `${fault.kind}: ${fault.does}`
    case 'crash':
      return `crash ${fault.moment} a record`
    case 'cancel':
      return 'cancel'
  }
}
