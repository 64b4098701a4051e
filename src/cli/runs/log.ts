// The diagnostic log: what happened, for whoever looks into it later. A file in the state directory, readable by its owner only.
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import type { Log } from '../app.ts'
import type { LogLevel } from '../command.ts'

const LOG_FILE = 'holdfast.log'

export function openLog(stateDirectory: string, level: LogLevel): Log {
  if (level === 'silent') return { observe: () => undefined }
  const file = join(stateDirectory, LOG_FILE)
  if (!canBeWritten(stateDirectory, file)) return { observe: () => undefined }
  const destination = pino.destination({ dest: file, sync: true })
  // On a full disk the log ends; a run must go on, and clean up.
  destination.on('error', () => {})
  const logger = pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  return {
    observe: (observation) => {
      if (observation.kind !== 'report')
        return logger[observation.kind === 'progress' ? 'trace' : 'info'](observation, observation.kind)
      const { runId, report } = observation
      logger[LEVELS[report.kind]]({ runId, ...report }, report.kind)
    },
  }
}

/** Not on a disk that can only be read. What a run holds there has to be let go all the same. */
function canBeWritten(stateDirectory: string, file: string): boolean {
  try {
    mkdirSync(stateDirectory, { recursive: true, mode: 0o700 })
    // pino opens with the process's mask; the mode has to be there from the first byte.
    closeSync(openSync(file, 'a', 0o600))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EROFS') return false
    throw error
  }
}

const LEVELS = {
  stepStarted: 'debug',
  itemStarted: 'debug',
  stepEnded: 'debug',
  retrying: 'warn',
  lock: 'debug',
  approval: 'info',
  inDoubt: 'warn',
  closing: 'debug',
  obligation: 'info',
  leaseRenewed: 'debug',
} as const
