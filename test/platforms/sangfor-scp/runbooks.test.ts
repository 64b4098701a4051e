import { describe, expect, it } from 'vitest'
import { runbooks } from './stage.ts'
import { ids, stage, useTwoGuests } from './two-guests.ts'

describe('the shipped runbooks', () => {
  it.each(runbooks.files)('%s parses and checks without a complaint', (file) => {
    expect(runbooks.read(file).diagnostics).toEqual([])
  })
})

describe('tracking', () => {
  useTwoGuests()

  it('is switched on and off for VMs by the two runbooks', async () => {
    const tracked = () =>
      (stage.scp.state().vms as unknown as { disks: { tracked: boolean }[] }[]).flatMap(({ disks }) =>
        disks.map((disk) => disk.tracked),
      )
    expect(await stage.run('cbt-enable', { serverIds: ids })).toMatchObject({ status: 'succeeded' })
    expect(tracked()).toEqual([true, true, true, true])
    expect(await stage.run('cbt-disable', { serverIds: ids })).toMatchObject({ status: 'succeeded' })
    expect(tracked()).toEqual([false, false, false, false])
  })
})
