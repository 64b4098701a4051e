import { afterEach, beforeEach, expect, test } from 'vitest'
import { startHarness, type VcbHarness } from './harness.ts'

let harness: VcbHarness
let moref = ''
beforeEach(async () => {
  harness = await startHarness()
  moref = harness.vcb.addVm({ name: 'erp-db' })
})
afterEach(() => harness[Symbol.asyncDispose]())

const clean = () => harness.run('cleanup', { selector: `moref:${moref}` })

test('a VM that nobody left anything of is not asked about', async () => {
  expect(await clean()).toMatchObject({ status: 'succeeded', outputs: { folders: [], snapshot: false } })
  expect(harness.asked).toEqual([])
})

test('mounts and the snapshot of an earlier backup are removed in that order, once somebody has approved', async () => {
  const { vcb } = harness
  const server = String(vcb.settings.server)
  vcb.run('vcbSnapshot', ['-h', server, '-c', `moref:${moref}`, '_VCB-BACKUP_'])
  for (const [folder, form] of [
    ['erp-db-fullVM', 'fullvm'],
    ['erp-db', 'file'],
  ] as const) {
    vcb.run('vcbMounter', [
      '-h',
      server,
      '-a',
      `ssid:${vcb.vm(moref).snapshots[0]?.id}`,
      '-r',
      `${vcb.mountRoot}/${folder}`,
      '-t',
      form,
    ])
  }
  expect(vcb.leaks()).toHaveLength(3)
  expect(await clean()).toMatchObject({
    status: 'succeeded',
    outputs: { folders: ['erp-db-fullVM', 'erp-db'], snapshot: true },
  })
  expect(harness.asked).toEqual(['Remove the mounts [erp-db-fullVM, erp-db] and the snapshot _VCB-BACKUP_ of erp-db?'])
  expect(harness.commands.slice(-3)).toEqual(['vcbMounter -U', 'vcbMounter -U', 'vcbSnapshot -d'])
  expect(vcb.leaks()).toEqual([])
})

test('whatever is done to a VM has the lock that runs of the vSphere pack take for it, who would remove its snapshots', async () => {
  await clean()
  for (const backup of ['image-backup', 'file-backup']) await harness.run(backup, { vm: 'erp-db' })
  expect(harness.locked).toEqual([1, 2, 3].map(() => `vsphere-vm/${moref}`))
})
