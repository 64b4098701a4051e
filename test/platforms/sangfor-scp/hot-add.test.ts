// HotAdd itself comes later: the bodies of its calls are not published. What the seed demands of it can be said in a manifest already:
// one HotAdd task at a time per proxy, all over the engine, and disks that go before their proxy is powered off.
import { describe, expect, it } from 'vitest'
import { createEngine, systemClock } from '../../../src/engine/index.ts'
import { createMemoryJournal } from '../../../src/journal/index.ts'
import { parseRunbook } from '../../../src/language/index.ts'
import { type Handlers, parsePack } from '../../../src/packs/index.ts'

const MANIFEST = `
pack: 1
name: hot-add
version: 1.0.0
title: HotAdd as the seed describes it
resources:
  ProxyPower:
    title: A proxy VM that this run has started
    identity: [proxyId]
    release: { action: proxy.stop, idempotent: true }
    deadman: none
  HotAddedDisks:
    title: Disks of a snapshot in a running proxy VM
    childOf: [ProxyPower]
    identity: [proxyId, serverId]
    release: { action: disks.remove, idempotent: true }
    deadman: none
actions:
  proxy.start:
    title: Start a proxy VM
    source: seed 002 (4) B b
    effect: acquire
    resource: ProxyPower
    handler: true
    input: { required: [proxyId], properties: { proxyId: { type: string } } }
    output: {}
  proxy.stop:
    title: Power a proxy VM off
    source: seed 002 (4) B f
    effect: release
    resource: ProxyPower
    handler: true
    input: { required: [proxyId], properties: { proxyId: { type: string } } }
    output: {}
  disks.add:
    title: Hot-add all disks of a VM at once
    source: seed 002 (4) B c
    effect: acquire
    resource: HotAddedDisks
    lock: \${ "scp-proxy/" & input.proxyId }
    handler: true
    input:
      required: [proxy, proxyId, serverId]
      properties: { proxy: { x-resource: [ProxyPower] }, proxyId: { type: string }, serverId: { type: string } }
    output: {}
  disks.remove:
    title: Remove hot-added disks
    source: seed 002 (4) B e
    effect: release
    resource: HotAddedDisks
    handler: true
    input: { required: [proxyId, serverId], properties: { proxyId: { type: string }, serverId: { type: string } } }
    output: {}
`

const RUNBOOK = `
runbook: 1
name: hot-add/backup
version: 1.0.0
use: { hot: hot-add@^1.0.0 }
steps:
  - id: backup
    scope:
      steps:
        - id: proxy
          uses: hot/proxy.start
          with: { proxyId: proxy-1 }
        - id: vms
          foreach:
            in: [vm-1, vm-2, vm-3]
            as: vm
            key: \${ vm }
            concurrency: 3
            steps:
              - id: disks
                uses: hot/disks.add
                with:
                  proxy: \${ steps.proxy.handle }
                  proxyId: proxy-1
                  serverId: \${ vm }
`

describe('HotAdd', () => {
  it('can be declared so that a proxy has one HotAdd task at a time, and loses its disks before its power', async () => {
    const { pack, diagnostics } = await parsePack({ file: 'pack.yaml', text: MANIFEST })
    expect(diagnostics).toEqual([])
    const { runbook } = parseRunbook(RUNBOOK, 'hot-add.runbook.yaml')
    if (!pack || !runbook) throw new Error('the manifest or the runbook does not parse')

    const happened: string[] = []
    let adding = 0
    const handlers: Handlers = {
      'hot-add/proxy.start': async () => ({}),
      'hot-add/proxy.stop': async () => {
        happened.push('off')
        return {}
      },
      'hot-add/disks.add': async () => {
        adding += 1
        happened.push(adding === 1 ? 'add' : 'race')
        await systemClock.sleep(1)
        adding -= 1
        return {}
      },
      'hot-add/disks.remove': async () => {
        happened.push('remove')
        return {}
      },
    }
    await using engine = createEngine({
      journal: createMemoryJournal(),
      handlers: () => handlers,
      connection: () => {
        throw new Error('there are no targets')
      },
      clock: systemClock,
      newRunId: () => 'run-1',
      owner: 'test',
    })
    const sources = new Map([['pack.yaml', MANIFEST]])
    const run = await engine.start({ runbook, text: RUNBOOK, packs: [{ pack, sources }], inputs: {}, targets: {} })
    expect(await run.ended).toMatchObject({ status: 'succeeded' })
    expect(happened.filter((what) => what !== 'remove')).toEqual(['add', 'add', 'add', 'off'])
    expect(happened.filter((what) => what === 'remove')).toHaveLength(3)
    expect(happened.at(-1)).toBe('off')
  })
})
