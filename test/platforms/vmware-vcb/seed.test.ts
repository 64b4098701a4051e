// Every rule and caution of "VMware Consolidated Backup Workflow", in the order of that page.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/values/index.ts'
import { SCRIPT, startHarness, type VcbHarness } from './harness.ts'

const VM = 'mytestvm.foo.com'
const README = readFileSync(join(import.meta.dirname, '../../../runbooks/vmware-vcb/README.md'), 'utf8')

let harness: VcbHarness
let moref = ''
beforeEach(async () => {
  harness = await startHarness()
  moref = harness.vcb.addVm({ name: VM })
  harness.vcb.writeFile(moref, 1, 'boot.ini', '[boot loader]\r\n')
  harness.vcb.writeFile(moref, 2, 'ledger.csv', 'booked;42\n')
})
afterEach(() => harness[Symbol.asyncDispose]())

const image = (inputs: JsonObject = {}) => harness.run('image-backup', { vm: VM, ...inputs })
const files = (inputs: JsonObject = {}) => harness.run('file-backup', { vm: VM, ...inputs })
/** Where in the order of what happened the step began. */
const at = (step: string): number => harness.began.indexOf(step)

describe('the workflow', () => {
  test('before use a job is configured and scheduled, for each VM or for a group of them', () => {
    expect(README).toMatch(/^OnCalendar=/m)
    expect(README).toMatch(/^\d+ \d+ \* \* \* .*holdfast run vmware-vcb\/file-backup .*-i vm=/m)
    expect(README).toContain('for each VM')
  })

  test('step 1 comes before step 2, and step 2 before step 3', async () => {
    expect(await image()).toMatchObject({ status: 'succeeded' })
    expect(harness.commands).toEqual(['vcbVmName', 'vcbSnapshot -c', 'vcbMounter', 'vcbMounter -U', 'vcbSnapshot -d'])
    expect(at('backup/copy')).toBeGreaterThan(at('backup/exported'))
  })

  test('step 1a: the pre-freeze script prepares the guest before anything else', async () => {
    await image()
    expect(at('backup/prepare/frozen')).toBeLessThan(at('backup/prepare/snap'))
    expect(harness.guest.log).toEqual([`${SCRIPT} freeze`, `${SCRIPT} thaw`])
  })

  test('step 1a is optional', async () => {
    expect(await image({ scripts: false })).toMatchObject({ status: 'succeeded', outputs: { consistency: 'filesystem' } })
    expect(harness.guest.log).toEqual([])
  })

  test.each(['vss', 'sync'] as const)('step 1b: the guest is quiesced by %s, and the point says so', async (quiesces) => {
    harness.vcb.changeVm(moref, (vm) => {
      vm.quiesces = quiesces
    })
    const { outputs } = await image()
    expect(outputs).toMatchObject({ consistency: 'application' })
    expect((await harness.point(String(outputs?.pointId))).evidence).toMatchObject({ quiesced: quiesces })
  })

  test('step 1c: in snapshot mode the VM goes on, and what it writes is stored for later', async () => {
    const { vcb } = harness
    vcb.run('vcbSnapshot', ['-h', String(vcb.settings.server), '-c', `moref:${moref}`, 'mine'])
    vcb.writeDisk(moref, 'scsi0:0', 4096, Buffer.from('later'))
    const bytes = () => readFileSync(vcb.diskFile(moref, 'scsi0:0')).toString('latin1', 4096, 4101)
    expect(bytes()).toBe('\0'.repeat(5))
    vcb.run('vcbSnapshot', ['-h', String(vcb.settings.server), '-d', `moref:${moref}`, 'ssid:snapshot-113'])
    expect(bytes()).toBe('later')
  })

  test('step 1d: what was quiesced in 1b is unquiesced before the snapshot is made available', async () => {
    const { outputs } = await image()
    expect((await harness.point(String(outputs?.pointId))).evidence).toMatchObject({ unquiesced: true })
    expect(at('backup/prepare/snap')).toBeLessThan(at('backup/exported'))
  })

  test('step 1e: the post-thaw script undoes what the pre-freeze script did, before the snapshot is made available', async () => {
    harness.vcb.changeVm(moref, (vm) => {
      Object.assign(vm, { windows: false })
    })
    // The mount fails, so whatever ran in the guest ran before it.
    expect(await files()).toMatchObject({ status: 'failed', failure: { type: 'notWindows' } })
    expect(harness.guest.log).toEqual([`${SCRIPT} freeze`, `${SCRIPT} thaw`])
    expect(harness.guest.holding.size).toBe(0)
  })

  test('step 1f: the snapshot is exported for an image, and mounted for files', async () => {
    await image()
    await files()
    expect(at('backup/exported')).toBeGreaterThan(0)
    expect(at('backup/mounted')).toBeGreaterThan(0)
  })

  test('step 2: the VM goes on running while its snapshot is backed up, and what it writes then is not in the backup', async () => {
    const { vcb } = harness
    const before = readFileSync(vcb.diskFile(moref, 'scsi0:0'))
    vcb.run('vcbSnapshot', ['-h', String(vcb.settings.server), '-c', `moref:${moref}`, 'frozen in time'])
    vcb.writeDisk(moref, 'scsi0:0', 0, Buffer.from('written meanwhile'))
    const { outputs } = await image()
    const { outputs: restored } = await harness.run('image-restore', { pointId: String(outputs?.pointId) })
    expect(readFileSync(vcb.diskFile(String(restored?.vmId), 'scsi0:0')).equals(before)).toBe(true)
  })

  test('step 3: the snapshot is unmounted first, then the VM leaves snapshot mode and its changes are committed', async () => {
    await image()
    await files()
    const { commands, vcb } = harness
    expect(commands.indexOf('vcbMounter -U')).toBeLessThan(commands.indexOf('vcbSnapshot -d'))
    expect(commands.lastIndexOf('vcbMounter -U')).toBeLessThan(commands.lastIndexOf('vcbSnapshot -d'))
    expect(vcb.vm(moref).snapshots).toEqual([])
    expect(vcb.leaks()).toEqual([])
  })

  test('step 3 is taken also when step 2 fails', async () => {
    const second = harness.vcb.addVm({ name: 'no-letters', letters: [undefined] })
    expect(await harness.run('file-backup', { vm: 'no-letters' })).toMatchObject({ status: 'failed' })
    expect(harness.commands.slice(-2)).toEqual(['vcbMounter -U', 'vcbSnapshot -d'])
    expect(harness.vcb.vm(second).snapshots).toEqual([])
  })
})

describe('types of backups', () => {
  test('an image can be taken of any guest, files only of Windows', async () => {
    harness.vcb.addVm({ name: 'linux', windows: false, quiesces: 'none' })
    expect(await harness.run('image-backup', { vm: 'linux', scripts: false })).toMatchObject({ status: 'succeeded' })
    expect(await harness.run('file-backup', { vm: 'linux', scripts: false })).toMatchObject({
      status: 'failed',
      failure: { type: 'notWindows' },
    })
  })

  test('an image holds all disks and configuration files', async () => {
    const { outputs } = await image()
    const { disks, config, machine } = await harness.point(String(outputs?.pointId))
    expect(disks.map(({ disk, sizeBytes }) => [disk, sizeBytes])).toEqual([
      ['scsi0:0', 262_144],
      ['scsi0:1', 131_072],
    ])
    const names = (config as { files: { name: string }[] }).files.map(({ name }) => name)
    expect(names).toEqual(['catalog', `${VM}.nvram`, `${VM}.vmx`, `scsi0-0-${VM}.vmdk`, `scsi0-1-${VM}.vmdk`])
    expect(machine).toEqual({
      cpus: 2,
      memoryBytes: 2 ** 30,
      firmware: 'bios',
      guestOs: 'winnetstandard',
      disks: [
        { disk: 'scsi0:0', bus: 'scsi', boot: true },
        { disk: 'scsi0:1', bus: 'scsi', boot: false },
      ],
      networks: [{ mac: '00:0c:29:00:00:01', network: 'VM Network' }],
    })
  })

  test('a VM that was deleted by mistake is restored whole from its image', async () => {
    const then = ['scsi0:0', 'scsi0:1'].map((disk) => readFileSync(harness.vcb.diskFile(moref, disk)))
    const { outputs } = await image()
    harness.vcb.writeDisk(moref, 'scsi0:0', 0, Buffer.alloc(4096, 0xff))
    const restored = await harness.run('image-restore', { pointId: String(outputs?.pointId), name: 'back' })
    expect(restored).toMatchObject({ status: 'succeeded', outputs: { name: 'back-run-2' } })
    const id = String(restored.outputs?.vmId)
    expect(['scsi0:0', 'scsi0:1'].map((disk) => readFileSync(harness.vcb.diskFile(id, disk)))).toEqual(then)
    expect(harness.vcb.leaks()).toEqual([])
  })

  test('a full file backup backs up all files', async () => {
    await files()
    expect((await files({ level: 'full' })).outputs).toMatchObject({ level: 'full', files: 2 })
  })

  test('a differential file backup backs up what changed since the last full one', async () => {
    await files()
    harness.vcb.writeFile(moref, 2, 'ledger.csv', 'booked;43\n')
    await files({ level: 'incremental' })
    harness.vcb.writeFile(moref, 2, 'second.csv', 'new\n')
    expect((await files({ level: 'differential' })).outputs).toMatchObject({ level: 'differential', files: 3, filesUnchanged: 1 })
  })

  test('an incremental file backup backs up what changed since the last one, whether that was full or incremental', async () => {
    await files()
    harness.vcb.writeFile(moref, 2, 'ledger.csv', 'booked;43\n')
    expect((await files({ level: 'incremental' })).outputs).toMatchObject({ files: 2, filesUnchanged: 1 })
    harness.vcb.writeFile(moref, 2, 'second.csv', 'new\n')
    expect((await files({ level: 'incremental' })).outputs).toMatchObject({ files: 3, filesUnchanged: 2 })
  })
})

test('single files and folders are restored from a point of files', async () => {
  harness.vcb.writeFile(moref, 2, 'mail/inbox', 'from ann\n')
  const { outputs } = await files()
  const to = join(harness.vcb.mountRoot, '..', 'restored')
  const done = await harness.restoreFiles(String(outputs?.pointId), ['letters/D/mail'], to)
  expect(done).toMatchObject({ files: 1 })
  expect(readFileSync(join(to, 'letters/D/mail/inbox'), 'utf8')).toBe('from ann\n')
})

describe('performing backups', () => {
  test('an image is exported to the folder <mount root>/<vm>-fullVM of the proxy', async () => {
    const { vcb } = harness
    await image()
    const [source] = (await harness.point((await image()).outputs?.pointId as string)).disks
    expect(source?.disk).toBe('scsi0:0')
    expect(vcb.mounted).toContain(join(vcb.mountRoot, `${VM}-fullVM`))
  })

  test('volumes are mounted at junction points, <mount root>/<vm>/letters/<letter>, one for each drive letter', async () => {
    const { outputs } = await files()
    expect(harness.vcb.mounted).toContain(join(harness.vcb.mountRoot, VM))
    expect((await harness.point(String(outputs?.pointId))).name).toBe(VM)
    expect(outputs).toMatchObject({ files: 2, unprotected: [] })
  })

  test('caution: volumes without a drive letter are not seen, so the run fails and names them', async () => {
    harness.vcb.addVm({ name: 'hidden', letters: ['C', undefined, undefined] })
    const { status, failure } = await harness.run('file-backup', { vm: 'hidden' })
    expect([status, failure?.message]).toEqual(['failed', 'not protected, for want of a drive letter, volume 2, volume 3'])
  })

  test('caution: volumes without a drive letter are listed as not protected where that is accepted', async () => {
    harness.vcb.addVm({ name: 'hidden', letters: ['C', undefined] })
    const { outputs } = await harness.run('file-backup', { vm: 'hidden', unprotected: 'accept' })
    expect(outputs).toMatchObject({ unprotected: ['volume 2'] })
    expect((await harness.point(String(outputs?.pointId))).evidence).toMatchObject({ unprotected: ['volume 2'] })
  })
})

describe('running custom quiescing scripts', () => {
  test('scripts ready applications, with SYNC or VSS beside them where these are supported', async () => {
    expect((await image()).outputs).toMatchObject({ consistency: 'application' })
  })

  test('scripts alone claim no more than a crash-consistent point', async () => {
    harness.vcb.changeVm(moref, (vm) => {
      vm.quiesces = 'none'
    })
    expect((await image()).outputs).toMatchObject({ consistency: 'crash', because: 'the file systems were not quiesced' })
  })

  test('1: a pre-freeze script that returns another code than zero fails the snapshot, which is not created', async () => {
    const script = harness.guest.scripts.get(SCRIPT)
    if (script) script.exitCode = 7
    const outcome = image()
    // The post-thaw script is the same file here: it works again once it was told freezeFail.
    await expect.poll(() => harness.guest.log.length, { timeout: 10_000 }).toBeGreaterThan(1)
    if (script) script.exitCode = 0
    expect(await outcome).toMatchObject({ status: 'failed', failure: { type: 'scriptFailed' } })
    expect(harness.commands).toEqual(['vcbVmName'])
    expect(harness.guest.log.slice(0, 2)).toEqual([`${SCRIPT} freeze`, `${SCRIPT} freezeFail`])
  })

  test('2: when SYNC or VSS cannot be engaged, it goes on with the post-thaw script, and no snapshot is created', async () => {
    harness.vcb.changeVm(moref, (vm) => {
      vm.quiesces = 'fails'
    })
    expect(await image()).toMatchObject({ status: 'failed', failure: { type: 'quiesceFailed' } })
    expect(harness.guest.log).toEqual([`${SCRIPT} freeze`, `${SCRIPT} freezeFail`])
    expect(harness.vcb.leaks()).toEqual([])
  })

  test('2 is optional: a guest that is not quiesced is backed up as after a power cut', async () => {
    harness.vcb.changeVm(moref, (vm) => {
      vm.quiesces = 'none'
    })
    expect(await image({ scripts: false })).toMatchObject({ status: 'succeeded', outputs: { consistency: 'crash' } })
  })

  test('4: disengaging can fail when the snapshot took too long, and then the point claims less', async () => {
    harness.vcb.changeVm(moref, (vm) => {
      vm.snapshotIsSlow = true
    })
    const { status, outputs } = await image()
    expect([status, outputs]).toMatchObject([
      'succeeded',
      { consistency: 'crash', because: 'the guest was not held until the snapshot stood' },
    ])
  })

  test('4: a snapshot that took too long makes no point where less is not accepted', async () => {
    harness.vcb.changeVm(moref, (vm) => {
      vm.snapshotIsSlow = true
    })
    expect(await image({ ifInconsistent: 'fail' })).toMatchObject({
      status: 'failed',
      failure: { message: 'the guest was not held until the snapshot stood' },
    })
    expect(harness.vcb.leaks()).toEqual([])
  })

  test('5: a post-thaw script is successful with exit status 0, and is tried again otherwise', async () => {
    const script = harness.guest.scripts.get(SCRIPT)
    harness.agent.faults.add({ operation: 'guest-exec', does: 'exits1', skip: 3 })
    const { status } = await image()
    expect(status).toBe('succeeded')
    expect(script?.exitCode).toBe(0)
    expect(harness.guest.log).toEqual([`${SCRIPT} freeze`, `${SCRIPT} thaw`, `${SCRIPT} thaw`])
    expect(harness.guest.holding.size).toBe(0)
  })
})
