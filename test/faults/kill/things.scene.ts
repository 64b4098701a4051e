// Things kept in a folder: a leak is a file that is still there, an effect is a line in a log.
import { fastClock } from '../../../src/engine/index.ts'
import { connection, request } from '../../engine/harness.ts'
import { HOLDING } from '../../engine/holding.ts'
import { folderStore, thingHandlers } from '../../engine/things.ts'
import type { OpenScene } from './scene.ts'

/** The runbook's waits of minutes take fractions of a second. */
const RATE = 500

const open: OpenScene = async (folder) => {
  const handlers = thingHandlers(folderStore(folder))
  return {
    options: { handlers: () => handlers, connection, clock: fastClock(RATE) },
    request: () => request(HOLDING),
    async [Symbol.asyncDispose]() {},
  }
}
export default open
