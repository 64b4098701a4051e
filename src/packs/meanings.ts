// What a value of an action can mean to a plan: the words that `x-means` takes. A closed list, so that a word means one thing.

/** Things of a platform. What is done to one touches those after it that belong to it. */
export const THINGS = ['group', 'vm', 'disk', 'snapshot', 'storage', 'host', 'repository'] as const
export type Thing = (typeof THINGS)[number]

const NAMES = THINGS.map((thing) => `${thing}.name` as const)

const FACTS = [
  /** Extents of one disk, of which those of the kind data are moved. */
  'extents',
  /** `full` or `incremental`. */
  'level',
  'consistency',
  /** When a restore point was taken, ISO 8601. */
  'pointTime',
] as const

export const MEANINGS: readonly string[] = [...THINGS, ...NAMES, ...FACTS]
