// Tasks: pending, executing, then SUCCESSED (spelled so) or FAILED; the effect happens when the task ends, and the object settles later.
import type { JsonObject } from '../../../values/index.ts'
import { type AsyncStatus, type Entity, Refusal, type Task, type World } from './model.ts'

interface TaskPlan {
  /** Faults name tasks by it. */
  readonly operation: string
  /** What shows that something is under way on it; besides the VM that is locked meanwhile. */
  readonly on: readonly Entity[]
  readonly status: Exclude<AsyncStatus, null>
  /** Done when the task ends; a Refusal makes the task fail. */
  readonly effect: () => void
  /** After a failure. */
  readonly undo?: () => void
}

/** A paused task goes on by itself. [X4] */
const PAUSE_MS = 60_000

export function startTask(world: World, { operation, on, status, effect, undo }: TaskPlan): JsonObject {
  const { clock, behaviour, tasks } = world
  const faultAt = world.taskFaults.findIndex((fault) => fault.operation === operation)
  const [fault] = faultAt < 0 ? [] : world.taskFaults.splice(faultAt, 1)
  const [first] = on
  const task: Task = { id: world.newId(), operation, resourceId: first?.id ?? '', status: 'PENDING' }
  tasks.set(task.id, task)
  for (const entity of on) entity.asyncStatus = status
  const startsAt = clock.now() + behaviour.taskWaitMs
  const endsAt = startsAt + behaviour.taskRunMs + (fault?.kind === 'pauseTask' ? PAUSE_MS : 0)
  clock.at(startsAt, () => {
    task.status = fault?.kind === 'pauseTask' ? 'PAUSED' : 'EXECUTING'
  })
  clock.at(endsAt, () => {
    // A stuck task never ends; the object it was about to make stays a placeholder, what it was to change is free again.
    if (fault?.kind !== 'stickTask') end()
    clock.at(endsAt + behaviour.settleMs, () => {
      for (const entity of on)
        if (!(status === 'CREATING' && task.status !== 'SUCCESSED' && entity === first)) entity.asyncStatus = null
    })
  })
  return { task_id: task.id, data: { id: task.resourceId } }

  function end(): void {
    try {
      if (fault?.kind === 'failTask') throw new Refusal(500, 'A fault was scripted.')
      effect()
      task.status = 'SUCCESSED'
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      task.status = 'FAILED'
      task.errorMessage = `Result.Err.\r\ncode: ${operation}_FAILED\r\nmessage: ${error.message}`
      undo?.()
    }
  }
}

/** [X20] */
export const describeTask = ({ id, operation, resourceId, status, errorMessage }: Task): JsonObject => ({
  id,
  status,
  progress: status === 'SUCCESSED' ? 1 : 0.4,
  description: operation,
  resource_id: resourceId,
  resource_mutation: operation,
  resource_rollbacked: null,
  error_code: errorMessage === undefined ? null : `${operation}_FAILED`,
  error_message: errorMessage ?? null,
  steps: [
    { key: 'prepare', current: 1, total: 1, per_second: 0, unit: 'COUNT', finished: true },
    {
      key: 'do',
      current: status === 'SUCCESSED' ? 100 : 40,
      total: 100,
      per_second: 0,
      unit: 'PERCENT',
      finished: status === 'SUCCESSED',
    },
  ],
})
