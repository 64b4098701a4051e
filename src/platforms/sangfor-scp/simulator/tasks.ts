// Tasks: waiting, doing, then finished or failed; the effect happens when the task ends. [S2]
import { Refusal, type Task, type World } from './model.ts'

const TASKS_KEPT = 1000

interface TaskPlan {
  /** The API operation that started it: faults name tasks by it. */
  readonly operation: string
  readonly action: string
  readonly objectId: string
  /** Done when the task ends; a Refusal makes the task fail. */
  readonly effect: () => void
}

/** Answers the id of the task. */
export function startTask(world: World, { operation, action, objectId, effect }: TaskPlan): string {
  const { clock, behaviour } = world
  const faultAt = world.taskFaults.findIndex((fault) => fault.operation === operation)
  const [fault] = faultAt < 0 ? [] : world.taskFaults.splice(faultAt, 1)
  const beganAt = clock.now()
  const startsAt = beganAt + behaviour.taskWaitMs
  const endsAt = fault?.kind === 'stickTask' ? Number.POSITIVE_INFINITY : startsAt + behaviour.taskRunMs
  const task: Task = { id: world.newId(), action, objectId, beganAt, startsAt, endsAt, description: '' }
  world.tasks.set(task.id, task)
  forgetOldest(world)
  const end = (): void => {
    try {
      if (fault) throw new Refusal(500, 'The task failed because a fault was scripted.')
      effect()
      task.result = 'finish'
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      task.result = 'failure'
      task.description = error.message
    }
  }
  if (Number.isFinite(endsAt)) clock.at(endsAt, end)
  return task.id
}

/** The oldest ended ones go: a platform does not remember for ever. */
function forgetOldest({ tasks }: World): void {
  for (const task of tasks.values()) {
    if (tasks.size <= TASKS_KEPT) return
    if (!isUnderWay(task)) tasks.delete(task.id)
  }
}

export const isUnderWay = (task: Task): boolean => task.result === undefined

function statusOf(task: Task, nowMs: number): { status: string; progress: number } {
  if (task.result === 'finish') return { status: 'finish', progress: 100 }
  if (task.result === 'failure') return { status: 'failure', progress: -1 }
  if (nowMs < task.startsAt) return { status: 'waiting', progress: -2 }
  const part = Number.isFinite(task.endsAt) ? (nowMs - task.startsAt) / (task.endsAt - task.startsAt) : 0.5
  return { status: 'doing', progress: Math.min(99, Math.floor(part * 100)) }
}

export function describeTask(world: World, task: Task) {
  return {
    task_id: task.id,
    action: task.action,
    object_id: task.objectId,
    ...statusOf(task, world.clock.now()),
    begin_time: localTime(task.beganAt),
    ...(task.result === undefined ? {} : { end_time: localTime(task.endsAt) }),
    cancelable: 0,
    description: task.description,
  }
}

/** Local time without a zone: not to be compared with any clock. */
const localTime = (atMs: number): string => new Date(atMs).toISOString().replace('Z', '000')
