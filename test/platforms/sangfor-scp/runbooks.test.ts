import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { firstDifference } from '../../../src/platforms/sangfor-scp/simulator/index.ts'
import { readRunbook, type Stage, scpRunbooks, startStage } from './stage.ts'

const MIB = 2 ** 20

describe('the shipped runbooks', () => {
  it.each(scpRunbooks)('%s parses and checks without a complaint', (file) => {
    expect(readRunbook(file).diagnostics).toEqual([])
  })
})

describe('the flow from group to restored VM', () => {
  let stage: Stage
  let ids: string[]
  let groupId: string
  beforeEach(async () => {
    stage = await startStage()
    ids = ['erp-db', 'erp-app'].map(
      (name) =>
        stage.scp.addVm({
          name,
          disks: [{ sizeBytes: 16 * MIB, files: { 'A.TXT': `hello from ${name}` } }, { sizeBytes: 4 * MIB }],
        }).id,
    )
    groupId = stage.scp.addGroup('erp', ids)
  })
  afterEach(async () => {
    expect(stage.scp.violations).toEqual([])
    await stage[Symbol.asyncDispose]()
  })

  it('backs up full', async () => {
    const outcome = await stage.run('consistency-group-backup', { groupId })
    expect(outcome).toEqual({})
  })
})
