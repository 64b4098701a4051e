// Single actions, by true processes: what the commands say, and what is made of it.
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runAs } from '../../../src/platforms/vmware-vcb/proxy.ts'
import { startVcbSimulator, type VcbSimulator } from '../../../src/platforms/vmware-vcb/simulator/index.ts'
import { parseVms } from '../../../src/platforms/vmware-vcb/vms.ts'
import { disksIn, flatExtentIn, parseSettings, withSettings } from '../../../src/platforms/vmware-vcb/vmx.ts'
import { SshFailed } from '../../../src/ssh/index.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { peer } from '../../peers/peer.ts'
import { startSshd } from '../../ssh/sshd.ts'
import { failureOf } from '../calls.ts'
import { callVcb } from './harness.ts'

let vcb: VcbSimulator
let vmId = ''
const name = 'mytestvm.foo.com'
beforeEach(() => {
  vcb = startVcbSimulator()
  vmId = vcb.addVm({ name })
})
afterEach(() => vcb[Symbol.dispose]())

const call = (action: string, input: JsonObject = {}) => callVcb(action, vcb.settings, input)
const snapshot = async (): Promise<JsonObject> => call('snapshot.create', { vmId, name: 'holdfast-1' })

describe('by processes of this machine', () => {
  test('an image goes from the snapshot to a folder, is read, and is gone again', async () => {
    const taken = await snapshot()
    expect(taken).toEqual({ snapshotId: 'snapshot-113', quiesced: 'vss', unquiesced: true })
    const { folder } = await call('image.export', { name, snapshot: taken })
    const { sources, machine } = await call('image.read', { folder: String(folder) })
    expect(sources).toMatchObject([{ disk: 'scsi0:0', sizeBytes: 262_144 }, { disk: 'scsi0:1' }])
    expect(machine).toMatchObject({ cpus: 2, guestOs: 'winnetstandard' })
    expect(await call('image.findExport', { name, snapshot: taken })).toEqual({
      found: true,
      folder: `${name}-fullVM`,
      unprotected: [],
      whole: false,
    })
    expect(await call('mount.list', { name })).toEqual({ folders: [`${name}-fullVM`] })
    await call('mount.remove', { folder: String(folder) })
    expect(await failureOf(call('mount.remove', { folder: String(folder) }))).toMatchObject({ type: 'notFound' })
    await call('snapshot.remove', { vmId, snapshotId: String(taken.snapshotId) })
    expect(vcb.leaks()).toEqual([])
  })

  test('volumes are folders, wherever their junctions lead', async () => {
    const taken = await snapshot()
    const { folder } = await call('volumes.mount', { name, snapshot: taken })
    const { folders } = await call('volumes.read', { folder: String(folder) })
    expect(folders).toEqual(
      ['C', 'D'].map((letter) => ({
        name: `letters/${letter}`,
        path: realpathSync(join(vcb.mountRoot, name, 'letters', letter)),
      })),
    )
  })

  test('what is not there is not found', async () => {
    expect(await call('vm.find', { selector: 'Name:nobody' })).toMatchObject({ count: 0 })
    expect(await call('snapshot.find', { vmId, name: 'nobody' })).toEqual({ found: false })
    expect(await failureOf(call('snapshot.remove', { vmId, snapshotId: 'snapshot-1' }))).toMatchObject({ type: 'notFound' })
    expect(await call('mount.list', { name })).toEqual({ folders: [] })
  })

  test('a VM is found by name, address, uuid and reference, and Any: finds all', async () => {
    vcb.addVm({ name: 'other' })
    for (const selector of [`Name:${name}`, `ipaddr:${name}`, `uuid:50-${vmId}`, `moref:${vmId}`]) {
      expect(await call('vm.find', { selector })).toMatchObject({ count: 1, vmId, name })
    }
    expect(await call('vm.find', { selector: 'Any:' })).toMatchObject({ count: 2 })
  })

  test('a snapshot that an earlier backup left behind makes the next one fail', async () => {
    vcb.run('vcbSnapshot', ['-h', String(vcb.settings.server), '-c', `moref:${vmId}`, '_VCB-BACKUP_'])
    expect(await failureOf(snapshot())).toMatchObject({ type: 'commandFailed', retryable: true, applied: 'maybe' })
  })

  test('P3 a folder that is there before the call is somebody else’s, and is left alone', async () => {
    const taken = await snapshot()
    mkdirSync(join(vcb.mountRoot, `${name}-fullVM`))
    expect(await failureOf(call('image.export', { name, snapshot: taken }))).toMatchObject({ type: 'leftOver', applied: 'no' })
    expect(await call('image.findExport', { name, snapshot: taken })).toEqual({ found: false })
    writeFileSync(join(vcb.mountRoot, `${name}-fullVM`, 'unmount.dat'), 'vm moref:vm-1 ssid:snapshot-1\n')
    expect(await call('image.findExport', { name, snapshot: taken })).toEqual({ found: false })
  })

  test('P9 a snapshot whose answer was lost claims nothing of how it was quiesced', async () => {
    await snapshot()
    expect(await call('snapshot.find', { vmId, name: 'holdfast-1' })).toMatchObject({
      found: true,
      quiesced: 'none',
      unquiesced: false,
    })
  })

  test('a sweep lists the folders of restores, whoever made them', async () => {
    await call('folder.create', { folder: 'holdfast-1' })
    writeFileSync(join(vcb.mountRoot, 'notes.txt'), 'no folder')
    expect(await call('folder.list')).toEqual({ folders: [{ folder: 'holdfast-1' }] })
  })

  test('no name leads out of the mount root', async () => {
    for (const folder of ['..', '../etc', 'a/b', 'c:\\x', '']) {
      expect(await failureOf(call('mount.remove', { folder }))).toMatchObject({ type: 'notReady' })
      expect(await failureOf(call('folder.remove', { folder }))).toMatchObject({ type: 'notReady' })
    }
    expect(existsSync(vcb.mountRoot)).toBe(true)
  })

  test('a server that nobody answers for, and commands that are not there, are told', async () => {
    const elsewhere = { ...vcb.settings, server: 'nowhere.example' }
    const unknown = await failureOf(callVcb('vm.find', elsewhere, { selector: 'Any:' }))
    expect(unknown).toMatchObject({ type: 'commandFailed', message: 'vcbVmName: [error] cannot connect to nowhere.example' })
    const nothing = { ...vcb.settings, commands: '/nowhere' }
    expect(await failureOf(callVcb('vm.find', nothing, { selector: 'Any:' }))).toMatchObject({ type: 'notReady' })
  })
})

test('P11 no argument of a command holds a password', async () => {
  const seen: string[][] = []
  const letGo = runAs(String(vcb.settings.commands), async ({ argv: [program, ...args] }) => {
    seen.push([program, ...args])
    return { exitCode: 0, stdout: Buffer.from('SsId:snapshot-1\n'), stderr: Buffer.alloc(0) }
  })
  await call('vm.find', { selector: 'Any:' })
  await snapshot()
  letGo()
  expect(seen).toHaveLength(2)
  for (const argv of seen) expect(argv).not.toContain('-p')
})

test('P9 a command that says nothing of quiescing has quiesced nothing', async () => {
  const letGo = runAs(String(vcb.settings.commands), async () => ({
    exitCode: 0,
    stdout: Buffer.from('SsId:snapshot-1\n'),
    stderr: Buffer.alloc(0),
  }))
  expect(await snapshot()).toMatchObject({ quiesced: 'none' })
  letGo()
})

test.each([
  ['lost', true, 'answerLost', 'maybe'],
  ['unreachable', false, 'unreachable', 'no'],
  ['hostKeyUnknown', false, 'notReady', 'no'],
] as const)('P3 a proxy that is %s leaves open what must be looked up', async (reason, started, type, applied) => {
  const letGo = runAs(String(vcb.settings.commands), () => Promise.reject(new SshFailed(reason, 'as told', started)))
  expect(await failureOf(snapshot())).toMatchObject({ type, applied })
  letGo()
})

test.skipIf(!peer('sshd', 'openssh-server'))('the same commands run on a proxy over SSH', async () => {
  await using sshd = await startSshd()
  const { host, port, user, hostKey, login } = sshd.host
  const key = login.kind === 'key' ? { privateKey: login.privateKey } : {}
  const settings = { ...vcb.settings, channel: 'ssh', host, port, user, hostKey, ...key }
  expect(await callVcb('vm.find', settings, { selector: `Name:${name}` })).toMatchObject({ count: 1, vmId })
  const taken = await callVcb('snapshot.create', settings, { vmId, name: 'over ssh; rm -rf $HOME' })
  expect(vcb.vm(vmId).snapshots).toEqual([{ id: taken.snapshotId, name: 'over ssh; rm -rf $HOME' }])
  const nothing = { ...settings, commands: '/nowhere' }
  expect(await failureOf(callVcb('vm.find', nothing, { selector: 'Any:' }))).toMatchObject({ type: 'notReady' })
})

describe('the texts beside a VM', () => {
  test('VMs are told line by line, each from its moref on', () => {
    const text = 'Found VM:\r\n   moref:vm-1\r\n   name:a: b\r\n   ipaddr:10.0.0.1\r\nmoref:vm-2\nuuid:50 2\n'
    expect(parseVms(text)).toEqual([
      { vmId: 'vm-1', name: 'a: b', uuid: '', ipaddr: '10.0.0.1' },
      { vmId: 'vm-2', name: '', uuid: '50 2', ipaddr: '' },
    ])
  })

  test('a changed setting keeps every other line', () => {
    const text = 'version= esx-3.0\n# name\ndisplay_name = "old"\nfolderpath= "/vm"\n'
    expect(withSettings(text, { display_name: 'new' })).toBe(
      'version= esx-3.0\n# name\ndisplay_name = "new"\nfolderpath= "/vm"\n',
    )
    expect(parseSettings(withSettings('a = "1"', { display_name: 'new' })).get('display_name')).toBe('new')
  })

  test('drives for discs and what is not present are no disks', () => {
    const settings = parseSettings(
      [
        'scsi0:0.fileName = "a.vmdk"',
        'scsi0:1.fileName = "b.vmdk"',
        'scsi0:1.present = "FALSE"',
        'ide1:0.fileName = "tools.iso"',
        'ide1:0.deviceType = "cdrom-image"',
        'IDE0:0.fileName = "c.vmdk"',
      ].join('\n'),
    )
    expect(disksIn(settings)).toEqual([
      { disk: 'scsi0:0', file: 'a.vmdk' },
      { disk: 'ide0:0', file: 'c.vmdk' },
    ])
  })

  test('only a disk of one flat file is taken', () => {
    expect(flatExtentIn('RW 4096 FLAT "a-flat.vmdk" 0')).toEqual({ file: 'a-flat.vmdk', sizeBytes: 2_097_152 })
    expect(flatExtentIn('RW 4096 VMFS "a-flat.vmdk"')).toEqual({ file: 'a-flat.vmdk', sizeBytes: 2_097_152 })
    for (const text of ['RW 4096 SPARSE "a-s001.vmdk"', 'RW 1 FLAT "a" 0\nRW 1 FLAT "b" 0', 'RW 1 FLAT "a" 128', '']) {
      expect(flatExtentIn(text)).toBeUndefined()
    }
  })

  test('an image in pieces is not taken for a whole one', async () => {
    const taken = await snapshot()
    await call('image.export', { name, snapshot: taken })
    const descriptor = join(vcb.mountRoot, `${name}-fullVM`, `scsi0-0-${name}.vmdk`)
    writeFileSync(descriptor, readFileSync(descriptor, 'utf8').replace('FLAT', 'SPARSE'))
    expect(await failureOf(call('image.read', { folder: `${name}-fullVM` }))).toMatchObject({ type: 'imageUnusable' })
  })
})
