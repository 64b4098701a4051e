// The lock of a release: what it would take from another run is let go later. It never waits: the kernel tries a release that fails
// again, owes it after that, and reap goes on from there.
import type { Journal } from '../journal/index.ts'
import type { CallCommand, Program } from '../kernel/index.ts'
import { evaluateTemplate } from '../language/index.ts'
import { type Action, ActionFailure } from '../packs/index.ts'
import { evaluationFailure } from './evaluate.ts'

interface Holder {
  readonly runId: string
  readonly epoch: number
  readonly journal: Pick<Journal, 'append' | 'locks' | 'tryLock'>
  readonly program: Program
}

/** Throws `lockTaken` when another run holds what the release names. What is critical, such as a freeze, is let go whoever holds what. [P5] */
export async function underReleaseLock<T>(
  { runId, epoch, journal, program }: Holder,
  action: Action,
  { purpose, input }: CallCommand,
  call: () => Promise<T>,
): Promise<T> {
  if (purpose !== 'release' || action.lock === undefined || isCritical(program, action)) return call()
  const name = await evaluateTemplate(action.lock, { input }).catch((error: unknown) => {
    throw new ActionFailure(evaluationFailure(error))
  })
  if (typeof name !== 'string') return call()
  // The run has it for itself already: its scope gives it up.
  if ((await journal.locks()).some((held) => held.name === name && held.runId === runId)) return call()
  if (!(await journal.tryLock(name, runId, epoch))) throw lockTaken(name)
  try {
    return await call()
  } finally {
    await journal.append(runId, epoch, { events: [], obligations: [], unlocks: [name] })
  }
}

const isCritical = ({ resources }: Program, { name }: Action): boolean =>
  Object.values(resources).some(({ critical, release }) => critical && release.action === name)

const lockTaken = (name: string): ActionFailure =>
  new ActionFailure({ type: 'lockTaken', message: `another run holds the lock ${name}`, retryable: true, applied: 'no' })
