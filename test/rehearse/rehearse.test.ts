// Rehearsals of the shipped runbooks: the true engine against stand-ins, whose own state is the judge. [P2, P3]
import { describe, expect, it } from 'vitest'
import { parseRunbook } from '../../src/language/index.ts'
import { platforms } from '../../src/platforms/index.ts'
import type { Fault } from '../../src/rehearse/model.ts'
import { PlainRunFailed, rehearseOnce } from '../../src/rehearse/perform.ts'
import { rehearse, shrink } from '../../src/rehearse/rehearse.ts'
import { packsWith, sceneOf } from './scenes.ts'

const SCP = 'sangfor-scp/Connection'
const troupe = { platforms, seed: 'test', before: [] }
const once = async (name: string, faults: readonly Fault[]) => rehearseOnce({ ...troupe, scene: sceneOf(name) }, 1, faults)

describe('a rehearsal', () => {
  it.each([
    ['vm-backup', []],
    ['vm-restore', ['vm-backup']],
    ['consistency-group-create', []],
    ['cbt-disable', ['cbt-enable']],
  ])('of %s leaves nothing behind, whatever goes wrong [P2, P3]', async (name, before) => {
    const report = await rehearse({
      ...troupe,
      before: before.map((each) => sceneOf(each)),
      scene: sceneOf(name),
      runs: 12,
      faults: 3,
    })
    expect(report.found).toEqual([])
    expect(report.runs).toBe(12)
    expect(report.byStatus.succeeded).toBeGreaterThan(0)
  })

  it('leaves no snapshot wherever the engine dies while an answer is lost and the clock is set a day ahead [P3]', async () => {
    const lost: Fault = { kind: 'wire', operation: 'createSnapshot', skip: 0, does: 'answerLost' }
    const { records } = await once('vm-backup', [])
    for (let record = 1; record <= records; record += 1) {
      const { violations } = await once('vm-backup', [lost, { kind: 'crash', record, moment: 'after', clockSetByMs: 86_400_000 }])
      expect({ record, violations }).toEqual({ record, violations: [] })
    }
  })

  it('meets the same faults and ends the same way for the same seed and number', async () => {
    const request = { ...troupe, scene: sceneOf('vm-backup'), runs: 5, faults: 3, only: 4 }
    const endings: unknown[] = []
    const onRun = ({
      faults,
      status,
      failure,
      resumed,
    }: {
      faults: readonly Fault[]
      status: string
      failure?: string
      resumed: number
    }) => void endings.push({ faults, status, failure, resumed })
    await rehearse({ ...request, onRun })
    await rehearse({ ...request, onRun })
    expect(endings).toHaveLength(2)
    expect(endings[0]).toEqual(endings[1])
  })

  it('finds a release that takes every failure for done, and shrinks to the one fault that shows it', async () => {
    const scene = sceneOf(
      'consistency-group-backup',
      await packsWith(
        'groupSnapshot.delete, idempotent: true, timeout: 1h, gone: [',
        'groupSnapshot.delete, idempotent: true, timeout: 1h, gone: [notReachable, ',
      ),
    )
    const faults: readonly Fault[] = [
      { kind: 'wire', operation: 'listServers', skip: 0, does: 'slow' },
      { kind: 'wire', operation: 'deleteConsistencyGroupSnapshot', skip: 0, does: 'refused' },
      { kind: 'wire', operation: 'getSnapshot', skip: 0, does: 'answerCut' },
    ]
    const { standIns: _, ...found } = await rehearseOnce({ ...troupe, scene }, 1, faults)
    expect(found.violations).toEqual([expect.stringMatching(/^left behind: snapshot holdfast-/)])
    const fewest = await shrink({ ...troupe, scene, runs: 1, faults: 3 }, found)
    expect(fewest.faults).toEqual([faults[1]])
  })

  it('of a runbook that asks is answered by somebody who may, whatever goes wrong [P2]', async () => {
    const asks = `steps:
  - id: gate
    approve:
      prompt: go on?
      by: [ann]
      inputs:
        type: object
        required: [ticket, kind, times]
        properties:
          ticket: { type: string, minLength: 3 }
          kind: { enum: [small, large] }
          times: { type: integer, minimum: 2 }
`
    const plain = sceneOf('consistency-group-create')
    const text = plain.start.text.replace('\nsteps:\n', `\n${asks}`)
    const { runbook } = parseRunbook(text, 'asks.runbook.yaml')
    if (!runbook) throw new Error(text)
    const scene = { ...plain, start: { ...plain.start, runbook, text } }
    const report = await rehearse({ ...troupe, scene, runs: 8, faults: 2 })
    expect(report.found).toEqual([])
    expect(report.byStatus.succeeded).toBeGreaterThan(0)
  })

  it('is refused where the run fails though nothing goes wrong', async () => {
    const scene = { ...sceneOf('vm-backup'), inputs: () => ({ serverId: 'nobody', full: false }) }
    await expect(rehearse({ ...troupe, scene, runs: 1, faults: 1 })).rejects.toThrow(PlainRunFailed)
  })

  it.each(['put', 'read'])('does not commit what a storage that fails at a %s did not take [P7]', async (operation) => {
    const plain = await once('vm-backup', [])
    for (let skip = 0; skip < (plain.calls[operation] ?? 0); skip += 1) {
      const fault: Fault = { kind: 'inside', connection: 'block-transfer/Vault', operation, skip, does: 'EIO' }
      const { violations, status, failure } = await once('vm-backup', [fault])
      expect({ skip, violations }).toEqual({ skip, violations: [] })
      expect(status === 'succeeded' || (failure ?? '').length > 10).toBe(true)
    }
  })

  it('knows what nobody can stand in for', async () => {
    const scene = { ...sceneOf('vm-backup'), targets: { cloud: SCP, vault: 'tape/Library' } }
    await expect(rehearse({ ...troupe, scene, runs: 1, faults: 1 })).rejects.toThrow('nothing can stand in for tape/Library')
  })
})
