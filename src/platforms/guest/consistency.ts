// How consistent a restore point is, from what really happened while its snapshot was taken. [P9]

export type Consistency = 'crash' | 'filesystem' | 'application'

export interface Happened {
  /** Pre-freeze scripts that ended with 0. */
  readonly scriptsRun: number
  /** The platform or the guest says that writes were held at the moment of the snapshot. */
  readonly quiesced: boolean
  /** They were held until the snapshot stood: nothing thawed too early, and everything was let go in order. */
  readonly heldThroughout: boolean
}

export function consistencyOf({ scriptsRun, quiesced, heldThroughout }: Happened): {
  readonly consistency: Consistency
  readonly because: string
} {
  if (!heldThroughout) return { consistency: 'crash', because: 'the guest was not held until the snapshot stood' }
  if (!quiesced) return { consistency: 'crash', because: 'the file systems were not quiesced' }
  if (scriptsRun === 0)
    return { consistency: 'filesystem', because: 'the file systems were quiesced, no script readied applications' }
  return { consistency: 'application', because: 'scripts readied the applications, and the file systems were quiesced' }
}
