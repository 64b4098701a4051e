// The simulator's scripted faults and its back door, as a client meets them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { simulator } from '../../../src/platforms/sangfor-scp/simulator/index.ts'
import { type Harness, MIB, startHarness } from './harness.ts'

let harness: Harness
afterEach(() => harness?.[Symbol.asyncDispose]())

const CREATE = { name: 's' }

async function start(): Promise<string> {
  harness = await startHarness()
  return harness.scp.addVm({ name: 'erp-db', disks: [{ sizeBytes: 16 * MIB }] }).id
}

const create = (serverId: string) =>
  harness.send('POST', `/janus/20190725/servers/${serverId}/snapshots`, { body: CREATE, clientToken: crypto.randomUUID() })

/** The fault has struck: the call has arrived. */
const struck = () => expect.poll(() => harness.scp.faults.list()).toEqual([])

function snapshots(): readonly unknown[] {
  harness.scp.clock.advance(5000)
  return harness.scp.state().snapshots as readonly unknown[]
}

describe('a scripted fault', () => {
  it.each(['refuse', 'hang', 'status'] as const)('%s: nothing happens on the platform', async (does) => {
    const serverId = await start()
    harness.scp.faults.add({ operation: 'createSnapshot', does, status: 500 })
    const answer = create(serverId)
    if (does === 'status') expect(await answer).toMatchObject({ status: 500 })
    else if (does === 'refuse') await expect(answer).rejects.toThrow()
    else {
      answer.catch(() => {})
      await struck()
    }
    expect(snapshots()).toEqual([])
  })

  it.each(['dropAnswer', 'cutAnswer', 'statusAfter'] as const)('%s: it happens, and the caller is not told so', async (does) => {
    const serverId = await start()
    harness.scp.faults.add({ operation: 'createSnapshot', does })
    const answer = create(serverId)
    if (does === 'statusAfter') expect(await answer).toMatchObject({ status: 503 })
    else await expect(answer).rejects.toThrow()
    expect(snapshots()).toHaveLength(1)
  })

  it('delay: the answer comes when the platform has moved on so far', async () => {
    const serverId = await start()
    harness.scp.faults.add({ operation: 'createSnapshot', does: 'delay', delayMs: 10_000 })
    const answer = create(serverId)
    await struck()
    expect(snapshots()).toEqual([])
    harness.scp.clock.advance(10_000)
    expect(await answer).toMatchObject({ status: 201 })
  })

  it('stickTask: the task never ends', async () => {
    const serverId = await start()
    harness.scp.faults.add({ operation: 'createSnapshot', does: 'stickTask' })
    await create(serverId)
    harness.scp.clock.advance(86_400_000)
    expect(harness.scp.leaks()).toEqual([expect.stringContaining('task snapshot')])
  })

  it('strikes after the calls it skips, as often as it says, on any call when it names none', async () => {
    await start()
    harness.scp.faults.add({ operation: '*', does: 'status', status: 429, skip: 1, times: 2 })
    const look = async () => (await harness.send('GET', '/janus/20180725/azs')).status
    expect([await look(), await look(), await look(), await look()]).toEqual([200, 429, 429, 200])
    expect(harness.scp.faults.list()).toEqual([])
    expect(harness.scp.calls.map(({ faults }) => faults.length)).toEqual([0, 1, 1, 0])
  })
})

describe('the back door', () => {
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${harness.scp.url}/__admin/${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    return { status: answer.status, json: await answer.json() }
  }

  it('scripts, lists and clears faults, and refuses what is none', async () => {
    await start()
    const fault = { operation: 'createSnapshot', does: 'dropAnswer' }
    expect(await ask('POST', 'faults', [fault])).toEqual({ status: 200, json: [{ ...fault, skip: 0, times: 1 }] })
    expect(await ask('POST', 'faults', [{ operation: 'createSnapshot', does: 'explode' }])).toMatchObject({ status: 400 })
    expect(await ask('DELETE', 'faults')).toEqual({ status: 200, json: [] })
  })

  it('moves time, lets a guest write, and tells what is held', async () => {
    const serverId = await start()
    await harness.call('cbt.enable', { serverId })
    const before = harness.scp.clock.now()
    expect(await ask('POST', 'clock', { advanceMs: 1000 })).toMatchObject({ status: 200, json: { rate: 0 } })
    expect(harness.scp.clock.now()).toBe(before + 1000)
    expect(await ask('POST', `guests/${serverId}/write`, { count: 3 })).toMatchObject({
      json: { written: [/ide0/, /ide0/, /ide0/].map((part) => expect.stringMatching(part)) },
    })
    expect(await ask('POST', 'guests/nobody/write')).toMatchObject({ status: 404 })
    expect(await ask('GET', 'state')).toMatchObject({ json: { leaks: [], violations: [], vms: [{ name: 'erp-db' }] } })
  })

  it('is closed to calls of the platform itself: there a path that is not described answers 404', async () => {
    await start()
    expect(await harness.send('GET', '/janus/20180725/nonsense')).toMatchObject({ status: 404, json: { code: 404 } })
  })
})

describe('the simulator for people', () => {
  it('starts three VMs in a group, says what to try, and takes faults from a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-faults-'))
    const faultsFile = join(folder, 'faults.json')
    try {
      writeFileSync(faultsFile, JSON.stringify([{ operation: 'listAzs', does: 'status' }]))
      const running = await simulator.start({ port: 0, seed: 'people', rate: 1, faultsFile })
      const state = (await (await fetch(`${running.url}/__admin/state`)).json()) as { vms: unknown[]; groups: [{ id: string }] }
      expect(state.vms).toHaveLength(3)
      expect(await (await fetch(`${running.url}/__admin/faults`)).json()).toHaveLength(1)
      expect(running.describe()[0]).toContain(state.groups[0].id)
      expect(running.settings).toMatchObject({ url: running.url, accessKey: expect.any(String) })
      await running.close()
      writeFileSync(faultsFile, '[{"operation": "listAzs", "does": "explode"}]')
      await expect(simulator.start({ port: 0, seed: 'people', rate: 1, faultsFile })).rejects.toThrow('0.does')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('shows the same ids for the same seed', async () => {
    const shown = async () => {
      const running = await simulator.start({ port: 0, seed: 'people', rate: 0 })
      await running.close()
      return running.describe().slice(0, 4)
    }
    expect(await shown()).toEqual(await shown())
  })
})
