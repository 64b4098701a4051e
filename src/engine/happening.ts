// An event before the loop has taken it and given it its time.
import type { Event } from '../kernel/index.ts'

type WithoutTime<E> = E extends unknown ? Omit<E, 'at'> : never

export type Happening = WithoutTime<Event>
