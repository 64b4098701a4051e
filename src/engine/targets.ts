// Targets as a run sees them: references to what the operator configured, never the settings themselves.
import type { Program } from '../kernel/index.ts'
import type { TargetRef } from '../language/index.ts'
import type { JsonObject } from '../values/index.ts'
import type { EngineOptions, StartRequest } from './model.ts'

/** The runbook's targets bound to the operator's. Throws where one is missing. */
export function bindTargets({ targets }: StartRequest, program: Program): JsonObject {
  const bound = program.targets.map(({ name, connection }) => {
    const target = targets[name]
    if (target === undefined) throw new Error(`the runbook's target ${name} is not bound`)
    return [name, { $target: target, connection }] as const
  })
  return Object.fromEntries(bound)
}

/** Throws where a target is not configured, or of another type than the runbook wants: before anything is touched. [P12] */
export function assertConnections(targets: JsonObject, connection: EngineOptions['connection']): void {
  for (const [name, value] of Object.entries(targets)) {
    const { $target, connection: wanted } = value as unknown as TargetRef
    const { type } = connection($target)
    if (type !== wanted) throw new Error(`target ${$target} is a ${type}; the runbook's ${name} must be a ${wanted}`)
  }
}
