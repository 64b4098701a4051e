// The runbooks as they ship, their log-ins, and what a bad day does to them.
import { afterEach, describe, expect, it } from 'vitest'
import { platforms } from '../../../src/platforms/index.ts'
import { rehearse } from '../../../src/rehearse/index.ts'
import { Secret } from '../../../src/values/index.ts'
import { MIB, runbooks, type Stage, startStage } from './stage.ts'

let stage: Stage | undefined
afterEach(async () => {
  await stage?.[Symbol.asyncDispose]()
  stage = undefined
})

describe('the shipped runbooks', () => {
  it.each(runbooks.files)('%s parses and checks without a complaint', (file) => {
    expect(runbooks.read(file).diagnostics).toEqual([])
  })

  it.each([
    ['vm-backup', []],
    ['vm-backup', ['vm-backup']],
    ['vm-restore', ['vm-backup']],
    ['vm-rebuild', ['vm-backup']],
  ] as const)('%s after %j leaves nothing behind, whatever goes wrong [P2, P3]', async (name, before) => {
    const scenes = before.map((each) => runbooks.scene(each))
    const report = await rehearse({ platforms, seed: 'test', before: scenes, scene: runbooks.scene(name), runs: 5, faults: 3 })
    expect(report.found).toEqual([])
    expect(report.byStatus.succeeded).toBeGreaterThan(0)
  })
})

const WHERE = { where: { name: 'erp-db' } }

async function onStage(options: Parameters<typeof startStage>[0]): Promise<Stage> {
  stage = await startStage(options)
  const { id } = stage.tower.addVm({ name: 'erp-db', sizesBytes: [2 * MIB] })
  stage.tower.write(id, 3)
  return stage
}

const loginsOf = ({ tower }: Stage): number => tower.calls.filter(({ operationId }) => operationId === 'login').length

describe('the login', () => {
  it('is made once for a whole run, for a token does not expire', async () => {
    const here = await onStage({})
    await here.succeed('vm-backup', WHERE)
    expect(loginsOf(here)).toBe(1)
  })

  it('is made again where the token is taken no more', async () => {
    const here = await onStage({})
    await here.succeed('vm-backup', WHERE)
    here.tower.forgetTokens()
    await here.succeed('vm-backup', WHERE)
    expect(loginsOf(here)).toBe(2)
  })

  it('is not needed with an API key', async () => {
    const here = await onStage({ login: 'key' })
    await here.succeed('vm-backup', WHERE)
    expect(loginsOf(here)).toBe(0)
  })

  it('fails with a wrong password, and does not tell it [P11]', async () => {
    const here = await onStage({ settings: { password: new Secret('wrong-pass') } })
    const outcome = await here.run('vm-backup', WHERE)
    expect(outcome).toMatchObject({ status: 'failed', failure: { type: 'notAuthenticated', applied: 'no' } })
    expect(JSON.stringify(outcome)).not.toContain('wrong-pass')
  })
})

describe('a backup', () => {
  it('waits for a VM that is locked', async () => {
    const here = await onStage({})
    here.tower.faults.add({ operation: 'createVmSnapshot', does: 'lock', times: 2 })
    expect(await here.run('vm-backup', WHERE)).toMatchObject({ status: 'succeeded' })
    const tries = here.tower.calls.filter(({ operationId }) => operationId === 'createVmSnapshot')
    expect(tries.map(({ status }) => status)).toEqual([400, 400, 200])
  })

  it('waits for another run of the same VM, for overlapping changes would overwrite each other', async () => {
    const here = await onStage({})
    const runs = await Promise.all([here.run('vm-backup', WHERE), here.run('vm-backup', WHERE)])
    // The later one found the earlier one's point, and its snapshot, and left one snapshot.
    expect(runs.map(({ outputs }) => outputs?.level).toSorted()).toEqual(['full', 'incremental'])
    expect(here.tower.state().snapshots).toHaveLength(1)
  })

  it('fails soon, with the reason, where the task of its snapshot fails, and leaves no placeholder', async () => {
    const here = await onStage({ behaviour: { full: true } })
    expect(await here.run('vm-backup', WHERE)).toMatchObject({
      status: 'failed',
      failure: { message: expect.stringContaining('EAllocSpace') },
    })
    expect(here.tower.state().snapshots).toEqual([])
  })

  it('finds its snapshot again after a lost answer, instead of making a second', async () => {
    const here = await onStage({})
    here.tower.faults.add({ operation: 'createVmSnapshot', does: 'dropAnswer' })
    expect(await here.run('vm-backup', WHERE)).toMatchObject({ status: 'succeeded' })
    expect(here.tower.state().snapshots).toHaveLength(1)
  })

  it('is refused of a VM in the recycle bin, before anything is made', async () => {
    const here = await onStage({})
    const [{ id } = { id: '' }] = here.tower.state().vms as unknown as { id: string }[]
    here.tower.vm(id).inRecycleBin = true
    expect(await here.run('vm-backup', WHERE)).toMatchObject({ status: 'failed', failure: { type: 'assertionFailed' } })
    expect(here.tower.state().snapshots).toEqual([])
  })
})
