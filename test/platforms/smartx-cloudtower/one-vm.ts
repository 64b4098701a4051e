// One VM with two disks and a few writes on them, for the tests of the runbooks.
import { afterEach, beforeEach, expect } from 'vitest'
import type { JsonObject } from '../../../src/values/index.ts'
import { MIB, type Stage, startStage } from './stage.ts'

export let stage: Stage
export let vmId: string

export function useOneVm(): void {
  beforeEach(async () => {
    stage = await startStage()
    vmId = stage.tower.addVm({ name: 'erp-db', sizesBytes: [16 * MIB, 2 * MIB] }).id
    stage.tower.write(vmId, 60)
  })
  afterEach(async () => {
    expect(stage.tower.violations).toEqual([])
    expect(stage.owed()).toEqual([])
    await stage[Symbol.asyncDispose]()
  })
}

export const WHERE = { where: { name: 'erp-db' } }

export const backUp = (more: JsonObject = {}): Promise<JsonObject> => stage.succeed('vm-backup', { ...WHERE, ...more })

interface Listed {
  readonly id: string
  readonly name: string
}

const listed = (what: string): readonly Listed[] => stage.tower.state()[what] as unknown as readonly Listed[]
export const snapshotIds = (): readonly string[] => listed('snapshots').map(({ id }) => id)
export const vmNames = (): readonly string[] => listed('vms').map(({ name }) => name)
export const volumeNames = (): readonly string[] => listed('volumes').map(({ name }) => name)

/** Bodies of the calls of an operation that were looked at, oldest first. */
export const bodiesOf = (operationId: string): readonly JsonObject[] =>
  stage.tower.calls.filter((call) => call.operationId === operationId && call.status > 0).map(({ body }) => body as JsonObject)
