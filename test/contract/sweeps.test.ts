// What a run names on a platform, a sweep must be able to list there: else it is found by nobody once the ledger is lost.
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listingOf, loadPack, type Pack, type ResourceType } from '../../src/packs/index.ts'

const root = join(import.meta.dirname, '../..')
const packs: Pack[] = []
for (const file of globSync('runbooks/*/pack.yaml', { cwd: root }).toSorted()) {
  const { pack } = await loadPack(join(root, file, '..'))
  if (pack) packs.push(pack)
}

/** What has a name of its run's and cannot be listed, and why. */
const UNLISTED: Readonly<Record<string, string>> = {
  'vmware-vcb/Snapshot': 'the commands find a snapshot by its name and list none; the pack vmware-vsphere sweeps the same server',
  'vmware-vcb/Export': 'a folder of its VM, not of a run; it goes with the snapshot',
  'vmware-vcb/Mount': 'a folder of its VM, not of a run; it goes with the snapshot',
  'vmware-vsphere/ImportLease': 'no server lists leases; it lapses by itself, and with it the VM',
  'vmware-vsphere/Image': 'a folder of this machine; that of an export is named after its VM, and the next one takes its place',
  'sangfor-scp/NfsImages': 'a folder of this machine',
  'sangfor-scp/DiskBridge': 'processes of this machine, which end with it',
  'zstack/VolumeBackup': 'made to stay, and listed by retention',
  'zstack/VmBackup': 'made to stay, and listed by retention',
  'zstack/DatabaseBackup': 'made to stay, and listed by retention',
  'qemu/Images': 'files of this machine in a folder that the operator chose',
}

const isNamed = ({ identity }: ResourceType): boolean => identity.some((each) => /^(?:name|folder|bridge)$/.test(each))

const named = (pack: Pick<Pack, 'resources'>): readonly ResourceType[] => Object.values(pack.resources).filter(isNamed)

const unswept = (all: readonly Pick<Pack, 'resources'>[]): readonly string[] =>
  all
    .flatMap(named)
    .filter(({ name, sweep }) => sweep === undefined && !Object.hasOwn(UNLISTED, name))
    .map(({ name }) => name)

describe('sweeps', () => {
  test('P2: every type of what runs name can be swept, or is known not to be, with the reason', () => {
    expect(packs.flatMap(named).length).toBeGreaterThan(20)
    expect(unswept(packs)).toEqual([])
  })

  test('what is said not to be listed is there, and has no sweep', () => {
    const types = new Map(packs.flatMap(({ resources }) => Object.values(resources)).map((type) => [type.name, type]))
    expect(Object.keys(UNLISTED).filter((name) => types.get(name)?.sweep !== undefined || !types.has(name))).toEqual([])
  })

  test.each(packs.map((pack) => [pack.name, pack] as const))(
    'of %s begins at reads that need nothing but the target',
    (_, pack) => {
      for (const { sweep = [] } of Object.values(pack.resources)) {
        for (const called of sweep) {
          const action = Object.values(pack.actions).find(({ name }) => name === called)
          expect({ called, effect: action?.effect, lists: action && listingOf(action) !== undefined }).toEqual({
            called,
            effect: 'read',
            lists: true,
          })
        }
      }
    },
  )

  test('a type without a sweep is seen', () => {
    const [type] = packs.flatMap(named)
    if (!type) throw new Error('no pack names anything')
    const { sweep: _, ...without } = type
    expect(unswept([{ resources: { Lost: { ...without, name: 'lab/Lost' } } }])).toEqual(['lab/Lost'])
  })
})
