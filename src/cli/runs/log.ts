// The diagnostic log: what happened, for whoever looks into it later. A file in the state directory, readable by its owner only.
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import type { Log } from '../app.ts'
import type { LogLevel } from '../command.ts'

const LOG_FILE = 'holdfast.log'

export function openLog(stateDirectory: string, level: LogLevel): Log {
  if (level === 'silent') return { observe: () => undefined }
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 })
  const file = join(stateDirectory, LOG_FILE)
  // pino opens with the process's mask; the mode has to be there from the first byte.
  closeSync(openSync(file, 'a', 0o600))
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
