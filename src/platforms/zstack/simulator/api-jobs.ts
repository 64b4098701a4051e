// What calls that change something answer: an address first, the truth later. Faults that strike here leave the caller in doubt.
import { errorOf, Refusal, type World } from './world.ts'

export type JobFault = 'failJob' | 'loseJob' | 'forgetJob' | 'timeOutJob'

export interface JobAnswer {
  readonly status: 200 | 202 | 503 | 404
  /** Text is what the HTTP layer says. */
  readonly body: object | string
}

export interface ApiJobs {
  /** False when a job of this uuid was there before. */
  start(uuid: string, runMs: number, does: () => object, fault?: JobFault): boolean
  poll(uuid: string): JobAnswer
  /** As when the node's database is another one: no job is known any more. */
  clear(): void
}

/** After the platform gave a call up, the host goes on for as long. */
const GOES_ON_MS = 30_000

export function createApiJobs({ clock, behaviour }: World): ApiJobs {
  const answers = new Map<string, JobAnswer>()
  const used = new Set<string>()

  const finish = (uuid: string, answer: JobAnswer): void => {
    answers.set(uuid, answer)
    clock.at(clock.now() + behaviour.keepOutcomeMs, () => answers.delete(uuid))
  }

  return {
    start: (uuid, runMs, does, fault) => {
      if (used.has(uuid)) return false
      used.add(uuid)
      answers.set(uuid, { status: 202, body: {} })
      clock.at(clock.now() + runMs, () => {
        if (fault === 'failJob') return finish(uuid, failed(new Refusal('SYS.1006', 'a fault was scripted')))
        if (fault === 'timeOutJob') {
          clock.at(clock.now() + GOES_ON_MS, () => void outcomeOf(does))
          return finish(uuid, failed(new Refusal('SYS.1001', 'the call took too long')))
        }
        const outcome = outcomeOf(does)
        // The node that would have told died: its row stays as it is.
        if (fault === 'loseJob') return
        if (fault === 'forgetJob') return void answers.delete(uuid)
        finish(uuid, outcome)
      })
      return true
    },
    clear: () => answers.clear(),
    poll: (uuid) => answers.get(uuid) ?? { status: 404, body: 'there is no such job' },
  }
}

const failed = (refusal: Refusal): JobAnswer => ({ status: 503, body: { error: errorOf(refusal) } })

function outcomeOf(does: () => object): JobAnswer {
  try {
    return { status: 200, body: does() }
  } catch (error) {
    if (error instanceof Refusal) return failed(error)
    throw error
  }
}
