import { describe, expect, it } from 'vitest'
import { readInventory, readMetadata } from '../../../src/platforms/zstack/inventories.ts'
import { validator } from '../../../src/values/index.ts'
import { catalogue, SAMPLES } from './harness.ts'

const [volumes = '', databases = '', groups = ''] = SAMPLES

describe('the printed samples of the vendor', () => {
  it('of volume backups are not JSON, and are read all the same: bare quotes, and an item without its beginning', () => {
    expect(() => JSON.parse(volumes)).toThrow(SyntaxError)
    const { items, repairs } = readInventory(volumes)
    expect(repairs).toEqual([
      'the quotes inside of metadata were bare',
      'an item had lost its beginning: what stood before its first field is not known',
    ])
    expect(items).toHaveLength(2)
    expect(items[0]).toMatchObject({ uuid: '17aca6d09c0e4181a23ac7c70eb4ab9a', name: '2', size: 32_374_784, type: 'Root' })
    expect(items[1]).toMatchObject({
      uuid: 'fe6f225fafdd4c8eaf840a136b6e587f',
      name: '3',
      volumeUuid: '0e4fee174e6e4d04b3dc00f4bfc761f5',
    })
    expect(items[1]).not.toHaveProperty('backupStorageRefs')
  })

  it('have in the metadata of a root volume what a rebuild needs: the VM and its network card', () => {
    for (const { metadata } of readInventory(volumes).items) {
      expect(metadata).toMatchObject({
        type: 'Root',
        vmName: '333',
        vmInstanceUuid: '7c3c2f94a39d46429166aa99657472e3',
        platform: 'Linux',
        cpuNum: 1,
        memorySize: 536_870_912,
        vmNics: [{ ip: '172.20.118.6', mac: 'fa:c2:f9:87:13:00', netmask: '255.255.0.0', deviceId: 0 }],
      })
    }
  })

  it('of database backups have name, version, time and checksum in the metadata', () => {
    const { items, repairs } = readInventory(databases)
    expect(repairs).toEqual(['the quotes inside of metadata were bare'])
    expect(items).toMatchObject([
      {
        uuid: 'eed88906f8a145929d873fbe4f542264',
        size: 376_991,
        metadata: {
          name: 'tast1',
          version: '3.0.0',
          createdTime: 'Sep 19, 2018 2:42:03 PM',
          md5: '6f3415a3a4c56c56f51ffd95f286fb7b',
        },
      },
    ])
  })

  it('of job groups are JSON already', () => {
    const { items, repairs } = readInventory(groups)
    expect(repairs).toEqual([])
    expect(items).toEqual([
      {
        uuid: '03dd26d45bb43bb094f3fdec29d78829',
        name: 'test',
        createDate: 'Nov 14, 2017 10:20:57 PM',
        lastOpDate: 'Nov 14, 2017 10:20:57 PM',
      },
    ])
  })

  it('fit the typed inventories of the pack, where the sample is whole', () => {
    const wire = (text: string) => readInventory(text).items.map((item) => ({ ...item, metadata: JSON.stringify(item.metadata) }))
    const problems = (action: string, output: string, items: readonly object[]) =>
      validator(catalogue.action(`zstack/${action}`)?.output ?? {}).problems({ [output]: items })
    expect(problems('volumeBackup.list', 'backups', wire(volumes).slice(0, 1))).toEqual([])
    expect(problems('volumeBackup.list', 'backups', wire(volumes))).toMatchObject([{ property: 'backupStorageRefs' }])
    expect(problems('databaseBackup.list', 'backups', wire(databases))).toEqual([])
    expect(problems('group.list', 'groups', readInventory(groups).items)).toEqual([])
  })
})

describe('what is no inventory', () => {
  it.each(['', 'Backup Management', '{ "inventories": 1 }'])('%j has no items, and says so', (text) => {
    expect(readInventory(text)).toEqual({ items: [], repairs: ['this is no inventory, even so'] })
  })

  it('is no metadata either', () => {
    expect(readMetadata('[1]')).toBeUndefined()
    expect(readMetadata('{ "type": "Root" }')).toEqual({ type: 'Root' })
  })
})

describe('the typed inventories', () => {
  const FIELDS = {
    'volumeBackup.list':
      'uuid name description volumeUuid type state status size metadata backupStorageRefs createDate lastOpDate userTags systemTags',
    'databaseBackup.list': 'uuid name description state status size metadata createDate lastOpDate userTags systemTags',
    'history.list':
      'executeTime id requestDump resultDump schedulerJobGroupUuid schedulerJobUuid success targetResourceUuid triggerUuid userTags systemTags',
    'group.list': 'uuid name description state jobData triggersUuid createDate lastOpDate userTags systemTags',
  }
  it.each(Object.entries(FIELDS))('of %s have every field of the seed', (action, fields) => {
    const text = JSON.stringify(catalogue.action(`zstack/${action}`)?.output)
    for (const field of fields.split(' ')) expect(text, field).toContain(`"${field}":`)
  })
})
