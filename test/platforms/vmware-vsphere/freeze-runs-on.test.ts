// H3 and H8 of README.md: an engine dies, or stops to wait, while the pre-freeze script runs in the guest. It runs on, and freezes at its
// end: whatever happened, the last that happens to the guest is a thaw that began later than that.
import { describe, expect, it } from 'vitest'
import { createEngine } from '../../../src/engine/index.ts'
import type { Journal } from '../../../src/journal/index.ts'
import { platforms } from '../../../src/platforms/index.ts'
import { mortal } from '../../../src/rehearse/mortal-journal.ts'
import { rehearseOnce } from '../../../src/rehearse/perform.ts'
import { fillDefaults, type JsonObject } from '../../../src/values/index.ts'
import { FREEZE, THAW } from './one-vm.ts'
import { MIB, runbooks, type Stage, startStage } from './stage.ts'

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS

/** A VM whose pre-freeze script takes that long. */
async function startWith(freezeMs: number, binding = 'vi-json') {
  const stage = await startStage({ settings: { binding } })
  const { guest } = stage.vsphere.addVm({ name: 'erp-db', sizesBytes: [MIB], tracked: true })
  guest.programs.set(FREEZE, { exitCode: 0, durationMs: freezeMs, does: 'freeze' })
  const inputs: JsonObject = {
    vm: 'DC0/vm/erp-db',
    scripts: 'other',
    guestUser: stage.vsphere.guestUser,
    guestPassword: { $secret: { env: 'GUEST_PASSWORD' } },
  }
  function expectThawedLast(): void {
    const [freeze] = guest.processes.filter(({ path }) => path === FREEZE)
    const last = guest.processes.at(-1)
    expect(guest.log.filter((ran) => ran.startsWith(FREEZE))).toHaveLength(1)
    expect(last?.path).toBe(THAW)
    expect(last?.startedAt).toBeGreaterThan(freeze?.endedAt ?? Number.POSITIVE_INFINITY)
    expect(guest.frozen).toBe(false)
    expect(stage.owed()).toEqual([])
    expect(stage.vsphere.leaks()).toEqual([])
    expect(stage.vsphere.violations).toEqual([])
  }
  return { stage, guest, inputs, expectThawedLast, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() }
}

describe('a pre-freeze script that nobody waits for any more', () => {
  it.each(['vi-json', 'soap'])(
    'is thawed after its end where the answer to its start was lost, over %s [P3, P5]',
    async (binding) => {
      await using lab = await startWith(20 * SECOND_MS, binding)
      lab.stage.vsphere.faults.add({ operation: 'startProgramInGuest', does: 'dropAnswer' })
      expect(await lab.stage.run('vm-backup', lab.inputs)).toMatchObject({ status: 'failed' })
      expect(lab.guest.log.filter((ran) => ran.startsWith(THAW)).length).toBeGreaterThan(1)
      lab.expectThawedLast()
    },
  )

  it('is thawed after its end where the platform starts it only when a thaw has been already [P3, P5]', async () => {
    await using lab = await startWith(SECOND_MS)
    const { stage, guest, inputs } = lab
    stage.vsphere.faults.add({ operation: 'startProgramInGuest', does: 'late' })
    expect(await stage.run('vm-backup', inputs)).toMatchObject({ status: 'failed' })
    stage.vsphere.clock.advance(MINUTE_MS)
    expect(guest.processes[0]?.path).toBe(THAW)
    lab.expectThawedLast()
  })

  it('is waited for no longer than a minute where it never starts', async () => {
    await using lab = await startWith(SECOND_MS)
    const { stage, guest, inputs } = lab
    stage.vsphere.faults.add({ operation: 'startProgramInGuest', does: 'refuse' })
    expect(await stage.run('vm-backup', inputs)).toMatchObject({ status: 'failed', owed: [] })
    const [first, last] = [guest.processes.at(0), guest.processes.at(-1)]
    expect(new Set(guest.processes.map(({ path }) => path))).toEqual(new Set([THAW]))
    expect((last?.startedAt ?? 0) - (first?.startedAt ?? 0)).toBeGreaterThanOrEqual(MINUTE_MS)
    expect((last?.startedAt ?? 0) - (first?.startedAt ?? 0)).toBeLessThan(2 * MINUTE_MS)
  })

  it('outlasts its time-out, and leaves a debt that says so where it outlasts all that may be held; reap thaws then [P2, P5]', async () => {
    await using lab = await startWith(24 * 60 * MINUTE_MS)
    const { stage, guest } = lab
    expect(await stage.run('vm-backup', lab.inputs)).toMatchObject({ status: 'failed', failure: { type: 'timedOut' } })
    expect(stage.owed()).toMatchObject([{ lastFailure: { type: 'freezeRuns' } }])
    // Somebody ends it in the guest, and it had frozen before.
    const [freeze] = guest.processes
    if (freeze) Object.assign(freeze, { endedAt: stage.vsphere.clock.now(), exitCode: 137 })
    guest.frozen = true
    await stage.reap()
    lab.expectThawedLast()
  })

  it('is thawed after its end where its engine is killed meanwhile and another one resumes [P2, P5]', async () => {
    await using lab = await startWith(30 * SECOND_MS)
    const { stage } = lab
    const life = mortal(stage.journal, { count: 0, before: () => false, after: () => false })
    stage.vsphere.onCall('listProcessesInGuest', async () => life.kill())
    const start = runbooks.start('vm-backup')
    const inputs = fillDefaults(start.runbook.inputs ?? {}, lab.inputs).value as JsonObject
    const targets = Object.fromEntries(start.runbook.targets.map(({ name }) => [name, name]))
    await engineOn(stage, life.journal).start({ ...start, inputs, targets })
    await life.died
    await using next = engineOn(stage, stage.journal)
    const { ended } = await next.resume('killed', { takeOver: true })
    expect((await ended).status).toBe('failed')
    lab.expectThawedLast()
  })
})

const engineOn = (stage: Stage, journal: Journal) =>
  createEngine({
    journal,
    ...stage.calling,
    secret: async () => stage.vsphere.guestPassword,
    newRunId: () => 'killed',
    observe: (seen) => void stage.observations.push(seen),
    owner: 'test',
  })

it.each(['answerLost', 'answerCut', 'hangsAfter', 'twice'] as const)(
  'P5: the stand-in of rehearsals is not left frozen where the start of its slow script strikes %s',
  async (does) => {
    const scene = runbooks.scene('vm-backup')
    const inputs: typeof scene.inputs = (known) => ({
      ...scene.inputs(known),
      scripts: 'other',
      guestUser: known.guestUser ?? '',
      guestPassword: { $secret: { env: 'GUEST_PASSWORD' } },
    })
    const troupe = { platforms, seed: 'slow', before: [], scene: { ...scene, inputs } }
    const fault = { kind: 'wire', operation: 'startProgramInGuest', does, skip: 0 } as const
    expect((await rehearseOnce(troupe, 1, [fault])).violations).toEqual([])
  },
)
