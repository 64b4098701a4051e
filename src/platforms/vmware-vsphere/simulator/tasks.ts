// Tasks: queued, running, then success or error. The call answers at once; what it is for happens when the task ends. [W3]
import type { JsonObject } from '../../../values/index.ts'
import { gone, reference, type Task, VimFault, type Vm, type World } from './model.ts'

interface TaskPlan {
  /** Faults name tasks by it. */
  readonly operation: string
  /** Held until it ends; none for what is about no VM that is there. */
  readonly vm?: Vm
  readonly entity: Task['entity']
  /** Done when the task ends; answers its result. A VimFault makes the task fail. */
  readonly effect: () => JsonObject | undefined
}

/** Refuses while something else holds the VM. [W4] */
export function checkFree({ heldBy, name }: Vm): void {
  if (heldBy === undefined) return
  const task = heldBy.startsWith('task-') ? { task: reference('Task', heldBy) } : {}
  throw new VimFault('TaskInProgress', `The operation is not allowed: ${name} is held by ${heldBy}.`, task)
}

export function startTask(world: World, { operation, vm, entity, effect }: TaskPlan): JsonObject {
  const { clock, behaviour, tasks } = world
  if (vm) checkFree(vm)
  const faultAt = world.taskFaults.findIndex((fault) => fault.operation === operation)
  const [fault] = faultAt < 0 ? [] : world.taskFaults.splice(faultAt, 1)
  const task: Task = { id: `task-${world.newNumber()}`, operation, entity, state: 'queued', progress: 0 }
  tasks.set(task.id, task)
  if (vm) vm.heldBy = task.id
  const startsAt = clock.now() + behaviour.taskWaitMs
  const endsAt = startsAt + behaviour.taskRunMs
  clock.at(startsAt, () => {
    task.state = 'running'
    task.progress = 40
  })
  clock.at(endsAt, () => {
    if (vm) vm.heldBy = undefined
    if (fault?.kind !== 'stickTask') end()
  })
  // Ended tasks can be read for a while only. [W3]
  clock.at(endsAt + KEPT_MS, () => tasks.delete(task.id))
  return reference('Task', task.id)

  function end(): void {
    try {
      if (fault) throw new VimFault(fault.fault, 'A fault was scripted.')
      const result = effect()
      if (result) task.result = result
      task.state = 'success'
      task.progress = 100
    } catch (error) {
      if (!(error instanceof VimFault)) throw error
      task.state = 'error'
      task.error = faultBody(error)
    }
  }
}

const KEPT_MS = 10 * 60_000

export const faultBody = ({ typeName, message, fields }: VimFault): JsonObject => ({
  _typeName: typeName,
  faultstring: message,
  ...fields,
})

export function describeTask({ tasks }: World, id: string): JsonObject {
  const task = tasks.get(id)
  if (!task) throw gone('Task', id)
  const { operation, entity, state, progress, error, result } = task
  return {
    _typeName: 'TaskInfo',
    key: id,
    task: reference('Task', id),
    name: operation,
    descriptionId: operation,
    entity: reference(entity.type, entity.value),
    state,
    cancelled: false,
    cancelable: false,
    ...(error ? { error } : {}),
    ...(result ? { result } : {}),
    ...(state === 'running' ? { progress } : {}),
  }
}
