// The world of a command in a test: a folder, an environment, and what was printed. Nothing of the process is touched.
import type { Host } from '../../src/cli/index.ts'
import { processHost } from '../../src/main.ts'

export interface TestHost {
  readonly host: Host
  readonly printed: { stdout: string; stderr: string }
  /** Presses Ctrl-C. */
  interrupt(): void
  /** The code with which the process would have been left at once. */
  readonly left: { code?: number }
}

/** One for all: each would listen to the process's streams. */
const world = processHost()

export function createTestHost(workingDirectory: string, env: Readonly<Record<string, string>> = {}): TestHost {
  const printed = { stdout: '', stderr: '' }
  const left: { code?: number } = {}
  const listeners = new Set<() => void>()
  const host: Host = {
    ...world,
    stdout: {
      write: (text) => {
        printed.stdout += text
      },
    },
    stderr: {
      write: (text) => {
        printed.stderr += text
      },
    },
    env,
    workingDirectory,
    onInterrupt: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onBreakdown: () => () => {},
    leaveAtOnce: (code) => {
      left.code = code
    },
  }
  return {
    host,
    printed,
    left,
    interrupt: () => {
      for (const listener of listeners) listener()
    },
  }
}
