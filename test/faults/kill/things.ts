// Things kept in a folder: a leak is a file that is still there, an effect is a line in a log.
import { type EngineOptions, fastClock } from '../../../src/engine/index.ts'
import { connection } from '../../engine/harness.ts'
import { folderStore, thingHandlers } from '../../engine/things.ts'

/** The runbook's waits of minutes take fractions of a second. */
const RATE = 500

export function thingsIn(folder: string): Pick<EngineOptions, 'handlers' | 'connection' | 'clock'> {
  const handlers = thingHandlers(folderStore(folder))
  return { handlers: () => handlers, connection, clock: fastClock(RATE) }
}
