// One VM with two disks and a few writes on them, for the tests of the runbooks.
import { afterEach, beforeEach, expect } from 'vitest'
import type { JsonObject } from '../../../src/values/index.ts'
import { MIB, type Stage, startStage } from './stage.ts'

export let stage: Stage
export let vmId: string

type Options = Parameters<typeof startStage>[0]

export function useOneVm(options: Options = {}): void {
  beforeEach(async () => {
    stage = await startStage(options)
    vmId = stage.vsphere.addVm({ name: 'erp-db', sizesBytes: [4 * MIB, 2 * MIB], tracked: true }).id
    stage.vsphere.write(vmId, 12)
  })
  afterEach(async () => {
    expect(stage.vsphere.violations).toEqual([])
    expect(stage.owed()).toEqual([])
    await stage[Symbol.asyncDispose]()
  })
}

export const VM = { vm: 'DC0/vm/erp-db' }

export const backUp = (more: JsonObject = {}): Promise<JsonObject> => stage.succeed('vm-backup', { ...VM, ...more })

/** Calls of an operation that were looked at, oldest first. */
export const callsOf = (operationId: string) =>
  stage.vsphere.calls.filter((call) => call.operationId === operationId && call.status > 0)

/** In the order in which they came, without polls. */
export const changesAsked = (): readonly string[] =>
  stage.vsphere.calls.map(({ operationId }) => operationId).filter((name) => !/^(get|find|list|retrieve|log)/.test(name))

/** Inputs with which the guest's own scripts are run. */
export const scripts = (): JsonObject => ({
  scripts: 'other',
  guestUser: stage.vsphere.guestUser,
  guestPassword: { $secret: { env: 'GUEST_PASSWORD' } },
})

export const guest = () => stage.vsphere.vm(vmId).guest

export const FREEZE = '/usr/sbin/pre-freeze-script'
export const THAW = '/usr/sbin/post-thaw-script'

export const setProgram = (path: string, exitCode: number, durationMs = 500): void => {
  guest().programs.set(path, { exitCode, durationMs, does: path === FREEZE ? 'freeze' : 'thaw' })
}

export const pointOf = async ({ pointId }: JsonObject) => stage.vault.point(String(pointId))
