// Every behaviour that the pack's README lists, one test each; the numbers are those of that table. Time stands still until it is moved.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectNbd, openSink, openSource } from '../../../src/blocks/index.ts'
import { operationsOf } from '../../../src/packs/index.ts'
import { differenceName } from '../../../src/platforms/smartx-cloudtower/nbd-transport.ts'
import {
  startTowerSimulator,
  type TowerOptions,
  type TowerSimulator,
} from '../../../src/platforms/smartx-cloudtower/simulator/index.ts'
import type { Json, JsonObject, Secret } from '../../../src/values/index.ts'
import { MIB, runbooks } from './stage.ts'

let tower: TowerSimulator
let vmId: string
let token: string

async function start(options: TowerOptions = {}): Promise<void> {
  await tower?.[Symbol.asyncDispose]()
  tower = await startTowerSimulator({ seed: 'behaviours', rate: 0, startAt: Date.UTC(2026, 0, 5), ...options })
  vmId = tower.addVm({ name: 'erp-db', sizesBytes: [2 * MIB, MIB] }).id
  tower.write(vmId, 4)
  token = (tower.keySettings.apiKey as Secret).reveal()
}
beforeEach(() => start())
afterEach(() => tower[Symbol.asyncDispose]())

interface Answer {
  readonly status: number
  readonly body: Json
}

async function post(operation: string, body: Json, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const answer = await fetch(`${tower.url}/v2/api/${operation}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: token, ...headers },
    body: JSON.stringify(body),
  })
  return { status: answer.status, body: (await answer.json()) as Json }
}

const list = async (operation: string, where: JsonObject) => (await post(operation, { where })).body as JsonObject[]
const one = async (operation: string, where: JsonObject): Promise<JsonObject> => (await list(operation, where))[0] ?? {}
const A_WHILE_MS = 10_000

/** Answers the ids of the task and of what it makes. */
async function begin(operation: string, body: Json): Promise<{ taskId: string; id: string }> {
  const { status, body: answer } = await post(operation, body)
  expect(status).toBe(200)
  const [first] = answer as unknown as { task_id: string; data: { id: string } }[]
  return { taskId: first?.task_id ?? '', id: first?.data.id ?? '' }
}

const snapshot = (name = 'one', more: JsonObject = {}) => begin('create-vm-snapshot', { data: [{ vm_id: vmId, name, ...more }] })
const taskOf = (taskId: string) => one('get-tasks', { id: taskId })

async function taken(name?: string): Promise<JsonObject> {
  const { id } = await snapshot(name)
  tower.clock.advance(A_WHILE_MS)
  return one('get-vm-snapshots', { id })
}

async function zbsIds(of: JsonObject): Promise<readonly string[]> {
  const names = (of.vm_disks as JsonObject[]).flatMap(({ snapshot_local_id: name }) => name ?? [])
  const found = await list('get-iscsi-lun-snapshots', { name_in: names })
  return names.map((name) => String(found.find((each) => each.name === name)?.local_id))
}

const address = (exportName: string) => ({
  kind: 'nbd' as const,
  host: '127.0.0.1',
  port: (tower.settings.zadp as unknown as { port: number }).port,
  exportName,
})

describe('the simulated CloudTower', () => {
  it('[X1] takes POST only, with the token bare or after Bearer', async () => {
    const get = await fetch(`${tower.url}/v2/api/get-vms`, { headers: { authorization: token } })
    expect(get.status).toBe(404)
    expect((await post('get-vms', { where: { id: vmId } })).status).toBe(200)
    expect((await post('get-vms', { where: { id: vmId } }, { authorization: `Bearer ${token}` })).status).toBe(200)
    expect((await post('get-vms', { where: { id: vmId } }, { authorization: 'wrong' })).status).toBe(401)
  })

  it('[X2] answers changes as lists of task and data, the task null where nothing was to do', async () => {
    const { body } = await post('start-vm', { where: { id: vmId } })
    expect(body).toEqual([{ task_id: null, data: { id: vmId } }])
  })

  it('[X3] shows a placeholder at once', async () => {
    const { id } = await snapshot()
    const found = await one('get-vm-snapshots', { id })
    expect(found).toMatchObject({ entityAsyncStatus: 'CREATING', vm_disks: [], local_id: expect.stringMatching(/^placeholder-/) })
  })

  it('[X4] takes tasks from PENDING over EXECUTING to SUCCESSED, spelled so, or to FAILED; some pause', async () => {
    tower.faults.add({ operation: 'createVmSnapshot', does: 'pauseTask' })
    const { taskId } = await snapshot()
    expect(await taskOf(taskId)).toMatchObject({ status: 'PENDING' })
    tower.clock.advance(500)
    expect(await taskOf(taskId)).toMatchObject({ status: 'PAUSED' })
    tower.clock.advance(120_000)
    expect(await taskOf(taskId)).toMatchObject({ status: 'SUCCESSED' })
    const next = await snapshot('two')
    tower.clock.advance(500)
    expect(await taskOf(next.taskId)).toMatchObject({ status: 'EXECUTING' })
  })

  it('[X5] keeps entityAsyncStatus for a while after the task has ended', async () => {
    const { id, taskId } = await snapshot()
    tower.clock.advance(1300)
    expect(await taskOf(taskId)).toMatchObject({ status: 'SUCCESSED' })
    expect(await one('get-vm-snapshots', { id })).toMatchObject({ entityAsyncStatus: 'CREATING' })
    tower.clock.advance(1000)
    expect(await one('get-vm-snapshots', { id })).toMatchObject({ entityAsyncStatus: null })
  })

  it('[X6] refuses a second change of a VM with 400 and ResourceLocked, and names the VM', async () => {
    await snapshot()
    const { status, body } = await post('create-vm-snapshot', { data: [{ vm_id: vmId, name: 'two' }] })
    expect(status).toBe(400)
    expect(body).toMatchObject({
      path: '/create-vm-snapshot',
      code: 'ResourceLocked',
      props: { locked_resources: [{ id: vmId, type: 'VM' }] },
    })
  })

  it('[X7] before 3.3.0 has no locks: the later of two changes that overlap overwrites the earlier', async () => {
    tower.behaviour.locks = false
    const first = await snapshot()
    tower.clock.advance(100)
    const second = await snapshot('two')
    tower.clock.advance(A_WHILE_MS)
    expect(await taskOf(first.taskId)).toMatchObject({ status: 'SUCCESSED' })
    expect((await list('get-vm-snapshots', { vm: { id: vmId } })).map(({ id }) => id)).toEqual([second.id])
  })

  it('[X8] answers the query of an unknown id with an empty list', async () => {
    expect(await post('get-tasks', { where: { id: 'nobody' } })).toEqual({ status: 200, body: [] })
  })

  it('[X9, X21] takes an empty filter for everything, in deletions too, and starts a task for each; that is told as a violation', async () => {
    await taken('one')
    await taken('two')
    expect((await post('delete-vm-snapshot', { where: { name_in: ['one'] } })).status).toBe(200)
    tower.clock.advance(A_WHILE_MS)
    tower.behaviour.locks = false
    await taken('three')
    const { body } = await post('delete-vm-snapshot', { where: {} })
    expect(body).toHaveLength(2)
    tower.clock.advance(A_WHILE_MS)
    expect(await list('get-vm-snapshots', { vm: { id: vmId } })).toEqual([])
    expect(tower.violations.at(-1)).toContain('deleteVmSnapshot was called otherwise than described: body.where')
  })

  it('[X10] gives disks and network cards other ids each time', async () => {
    const [before, after] = [await one('get-vms', { id: vmId }), await one('get-vms', { id: vmId })]
    expect(before.vm_disks).not.toEqual(after.vm_disks)
    expect(before.vm_nics).not.toEqual(after.vm_nics)
  })

  it('[X11, X14] knows LUN snapshots late, in another order, and leaves unknown names out', async () => {
    const { id } = await snapshot()
    tower.clock.advance(2100)
    const { vm_disks: disks } = await one('get-vm-snapshots', { id })
    const names = (disks as JsonObject[]).flatMap(({ snapshot_local_id: name }) => name ?? [])
    expect(await list('get-iscsi-lun-snapshots', { name_in: names })).toEqual([])
    tower.clock.advance(A_WHILE_MS)
    const found = await list('get-iscsi-lun-snapshots', { name_in: [...names, 'nobody'] })
    expect(found.map(({ name }) => name)).toEqual(names.toReversed())
  })

  it('[X12] lets a file-system consistent snapshot fail where VMTools does not run', async () => {
    tower.vm(vmId).toolsStatus = 'NOT_RUNNING'
    const { taskId } = await snapshot('one', { consistent_type: 'FILE_SYSTEM_CONSISTENT' })
    tower.clock.advance(A_WHILE_MS)
    expect(await taskOf(taskId)).toMatchObject({ status: 'FAILED', error_message: expect.stringContaining('VMTools') })
  })

  it('[X13] lists CD-ROM drives among the disks, without a LUN snapshot', async () => {
    const { vm_disks: disks } = await taken()
    expect((disks as JsonObject[]).map(({ type }) => type)).toEqual(['DISK', 'DISK', 'CD_ROM'])
    expect((disks as JsonObject[])[2]).toMatchObject({ snapshot_local_id: null })
  })

  it('[X16] lets what needs space fail with EAllocSpace in a text of several lines', async () => {
    tower.behaviour.full = true
    const { taskId } = await begin('create-vm-volume', [
      { cluster_id: tower.clusterId, name: 'v', size: 4096, size_unit: 'B', sharing: false },
    ])
    tower.clock.advance(A_WHILE_MS)
    expect(await taskOf(taskId)).toMatchObject({ status: 'FAILED', error_message: expect.stringMatching(/\r\n.*EAllocSpace/s) })
  })

  it('[X17] lets a VM of a name that is taken fail with VM_DUPLICATED_NAME', async () => {
    const { id } = await taken()
    const { taskId } = await begin('rebuild-vm-from-snapshot', [{ rebuild_from_snapshot_id: id ?? '', name: 'erp-db' }])
    tower.clock.advance(A_WHILE_MS)
    expect(await taskOf(taskId)).toMatchObject({ error_message: expect.stringContaining('VM_DUPLICATED_NAME') })
  })

  it('[X18] refuses another language with 400', async () => {
    expect((await post('get-vms', { where: { id: vmId } }, { 'content-language': 'fr-FR' })).status).toBe(400)
    expect((await post('get-vms', { where: { id: vmId } }, { 'content-language': 'zh-CN' })).status).toBe(200)
  })

  it('[X19] serves snapshots over ZADP, their difference too, neither without its base, and never writes past an end', async () => {
    const [base = ''] = await zbsIds(await taken('one'))
    tower.disks(vmId)[0]?.write(0, Buffer.alloc(4096, 7))
    const second = await taken('two')
    const [now = ''] = await zbsIds(second)
    await using source = await openSource(address(differenceName(now, base)), { reconnect: false })
    const changed = (await source.extents(0, source.sizeBytes)).filter(({ kind }) => kind === 'data')
    expect(changed).toEqual([{ offsetBytes: 0, lengthBytes: 262_144, kind: 'data' }])
    tower.loseSnapshot(String(second.id))
    await expect(source.read(0, Buffer.alloc(512))).rejects.toThrow()
    await expect(openSource(address(now), { reconnect: false })).rejects.toMatchObject({ kind: 'exportUnknown' })
    await expect(openSource(address(differenceName(base, now)), { reconnect: false })).rejects.toMatchObject({
      kind: 'exportUnknown',
    })

    const { id } = await begin('create-vm-volume', [
      { cluster_id: tower.clusterId, name: 'v', size: MIB, size_unit: 'B', sharing: false },
    ])
    tower.clock.advance(A_WHILE_MS)
    const lun = (await one('get-vm-volumes', { id })).lun as unknown as { id: string }
    const zbsId = String((await one('get-iscsi-luns', { id: lun.id })).zbs_volume_id)
    await using client = await connectNbd(address(zbsId), zbsId, { contexts: [] })
    await expect(client.write(MIB, Buffer.alloc(512))).rejects.toThrow()
  })

  it('[X19] does not let a volume be written that a running VM mounts', async () => {
    const [disk] = tower.vm(vmId).disks
    const lun = (await one('get-vm-volumes', { id: disk?.volumeId ?? '' })).lun as unknown as { id: string }
    const zbsId = String((await one('get-iscsi-luns', { id: lun.id })).zbs_volume_id)
    await expect(openSink(address(zbsId))).rejects.toMatchObject({ kind: 'exportUnknown' })
  })

  it('[X20] shows tasks with several steps, each in its own unit', async () => {
    const { steps } = await taskOf((await snapshot()).taskId)
    expect((steps as JsonObject[]).map(({ unit }) => unit)).toEqual(['COUNT', 'PERCENT'])
  })

  it('[X22] refuses a wrong password with 400 and a message', async () => {
    const { status, body } = await post('login', { username: 'backup', password: 'wrong', source: 'LOCAL' })
    expect({ status, body }).toMatchObject({ status: 400, body: { message: 'Wrong user name or password.' } })
  })
})

it('has an answer for every operation of the slice', async () => {
  const bodies: Readonly<Record<string, Json>> = {
    login: { username: 'backup', password: (tower.settings.password as Secret).reveal() },
    createVmSnapshot: { data: [{ vm_id: vmId, name: 'one' }] },
    createVmVolume: [{ cluster_id: tower.clusterId, name: 'v', size: 512, sharing: false }],
    createVm: [
      {
        ...{ cluster_id: tower.clusterId, name: 'new', cpu_cores: 1, cpu_sockets: 1, memory: 1024, ha: false },
        ...{ firmware: 'BIOS', status: 'STOPPED', vm_disks: {}, vm_nics: [] },
      },
    ],
    rebuildVmFromSnapshot: [{ rebuild_from_snapshot_id: String((await taken('base')).id), name: 'again' }],
  }
  for (const [operationId, { path }] of operationsOf(runbooks.pack.openapi ?? {})) {
    const { status } = await post(path.replace('/v2/api/', ''), bodies[operationId] ?? { where: { id: 'nobody' } })
    expect({ operationId, status }).toEqual({ operationId, status: 200 })
  }
  expect(tower.violations).toEqual([])
})
