// Values between VI JSON and SOAP, in both directions, in the forms that true servers write.
import { describe, expect, it } from 'vitest'
import type { HttpAnswer } from '../../../src/http/index.ts'
import { type OpenapiOperation, operationsOf } from '../../../src/packs/index.ts'
import { jsonAnswer, parseXml, soapRequest, toXml } from '../../../src/platforms/vmware-vsphere/soap/index.ts'
import { type Json, Secret } from '../../../src/values/index.ts'
import { runbooks } from './stage.ts'

const operation = (id: string): OpenapiOperation => {
  const found = operationsOf(runbooks.pack.openapi ?? {}).get(id)
  if (!found) throw new Error(`no ${id}`)
  return found
}

const connection = { target: 'vc', type: 'x', settings: { password: new Secret('x') } }

const API = '/sdk/vim25/8.0.1.0'
const asked = (id: string, path: string, body?: Json): string =>
  soapRequest(
    {
      method: 'POST',
      origin: 'https://vc',
      path: `${API}${path}`,
      headers: {},
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    },
    operation(id),
    connection,
    { propertyCollector: { type: 'PropertyCollector', id: 'ha-property-collector' } },
  ).body ?? ''

const inEnvelope = (inside: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>${inside}</soapenv:Body></soapenv:Envelope>`

function told(id: string, inside: string, status = 200): { status: number; body?: unknown } {
  const answer: HttpAnswer = {
    status,
    headers: { 'content-type': 'text/xml; charset=utf-8' },
    body: Buffer.from(inEnvelope(inside)),
  }
  const { status: seen, body } = jsonAnswer(answer, operation(id))
  return body.length === 0 ? { status: seen } : { status: seen, body: JSON.parse(Buffer.from(body).toString()) }
}

describe('a call', () => {
  it('names its object first, its types by xsi:type, and stands in the order of the WSDL however it was given', () => {
    const body = asked('createSnapshotEx', '/VirtualMachine/vm-21/CreateSnapshotEx_Task', {
      quiesceSpec: { timeout: 5, _typeName: 'VirtualMachineGuestQuiesceSpec' },
      memory: false,
      name: 'a < b & "c"',
    })
    expect(body).toContain(
      '<CreateSnapshotEx_Task xmlns="urn:vim25"><_this type="VirtualMachine">vm-21</_this><name>a &lt; b &amp; &quot;c&quot;</name><memory>false</memory><quiesceSpec xsi:type="VirtualMachineGuestQuiesceSpec"><timeout>5</timeout></quiesceSpec></CreateSnapshotEx_Task>',
    )
  })

  it('puts references as elements with a type, and lists as repeated elements', () => {
    const vm = { type: 'VirtualMachine', value: 'vm-21' }
    const auth = { _typeName: 'NamePasswordAuthentication', interactiveSession: false, username: 'u', password: 'p' }
    expect(asked('listProcessesInGuest', '/GuestProcessManager/pm/ListProcessesInGuest', { pids: [1, 2], vm, auth })).toContain(
      '<vm type="VirtualMachine">vm-21</vm><auth xsi:type="NamePasswordAuthentication"><interactiveSession>false</interactiveSession><username>u</username><password>p</password></auth><pids>1</pids><pids>2</pids>',
    )
  })

  it('reads a property through the collector of this server', () => {
    expect(asked('getVmConfig', '/VirtualMachine/vm-21/config')).toContain(
      '<RetrievePropertiesEx xmlns="urn:vim25"><_this type="PropertyCollector">ha-property-collector</_this><specSet><propSet><type>VirtualMachine</type><pathSet>config</pathSet></propSet><objectSet><obj type="VirtualMachine">vm-21</obj></objectSet></specSet><options/></RetrievePropertiesEx>',
    )
  })

  it('is refused where it holds what XML cannot carry, before anything is sent', () => {
    expect(() => asked('findByInventoryPath', '/SearchIndex/s/FindByInventoryPath', { inventoryPath: 'a\u0000b' })).toThrow(
      /a character that XML cannot carry/,
    )
    expect(toXml('a', 'x\r\ny')).toBe('<a>x&#xD;\ny</a>')
  })
})

describe('an answer', () => {
  it('is a reference', () => {
    const inside =
      '<CreateSnapshotEx_TaskResponse xmlns="urn:vim25"><returnval type="Task">task-9</returnval></CreateSnapshotEx_TaskResponse>'
    expect(told('createSnapshotEx', inside)).toEqual({
      status: 200,
      body: { _typeName: 'ManagedObjectReference', type: 'Task', value: 'task-9' },
    })
  })

  it('is nothing where there is nothing, and a list where one is declared, with one item too', () => {
    expect(told('findByInventoryPath', '<FindByInventoryPathResponse xmlns="urn:vim25"></FindByInventoryPathResponse>')).toEqual({
      status: 204,
    })
    const one =
      '<returnval><name>sh</name><pid>7</pid><owner>u</owner><cmdLine>sh</cmdLine><startTime>t</startTime><exitCode>0</exitCode></returnval>'
    expect(told('listProcessesInGuest', `<R xmlns="urn:vim25">${one}</R>`).body).toEqual([
      { name: 'sh', pid: 7, owner: 'u', cmdLine: 'sh', startTime: 't', exitCode: 0 },
    ])
  })

  it('has numbers, flags and lists as the schema says, at any depth of a tree that contains itself', () => {
    const child =
      '<childSnapshotList><snapshot type="VirtualMachineSnapshot">snapshot-2</snapshot><name>12</name><id>2</id><quiesced>true</quiesced></childSnapshotList>'
    const root = `<rootSnapshotList><snapshot type="VirtualMachineSnapshot">snapshot-1</snapshot><name>11</name><id>1</id><quiesced>false</quiesced>${child}</rootSnapshotList>`
    const val = `<val xsi:type="VirtualMachineSnapshotInfo">${root}</val>`
    const { body } = told(
      'getVmSnapshots',
      `<R xmlns="urn:vim25"><returnval><objects><obj type="VirtualMachine">vm-1</obj><propSet><name>snapshot</name>${val}</propSet></objects></returnval></R>`,
    )
    expect(body).toMatchObject({
      rootSnapshotList: [{ name: '11', id: 1, quiesced: false, childSnapshotList: [{ name: '12', id: 2, quiesced: true }] }],
    })
  })

  it.each(['xsi', 'XMLSchema-instance'])('has types of base classes, whatever prefix the server gives them: %s', (prefix) => {
    const device = `<device ${prefix}:type="VirtualDisk"><key>2000</key><capacityInBytes>9007199254740993</capacityInBytes></device>`
    const val = `<val ${prefix}:type="VirtualMachineConfigInfo"><name>a</name><hardware>${device}</hardware></val>`
    const { body } = told(
      'getVmConfig',
      `<R><returnval><objects><propSet><name>config</name>${val}</propSet></objects></returnval></R>`,
    )
    expect(body).toMatchObject({
      hardware: { device: [{ _typeName: 'VirtualDisk', key: 2000, capacityInBytes: '9007199254740993' }] },
    })
  })

  it('has the fault of a task as VI JSON has it, without its wrapping', () => {
    const error =
      '<error><fault xsi:type="FileLocked"><file>a.vmdk</file></fault><localizedMessage>locked</localizedMessage></error>'
    const val = `<val xsi:type="TaskInfo"><key>task-1</key><state>error</state>${error}</val>`
    const { body } = told(
      'getTaskInfo',
      `<R><returnval><objects><propSet><name>info</name>${val}</propSet></objects></returnval></R>`,
    )
    expect(body).toMatchObject({ state: 'error', error: { _typeName: 'FileLocked', file: 'a.vmdk', faultstring: 'locked' } })
  })

  it('that is a fault has its type and status 500', () => {
    const fault =
      '<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>busy</faultstring><detail><TaskInProgressFault xmlns="urn:vim25" xsi:type="TaskInProgress"><task type="Task">task-1</task></TaskInProgressFault></detail></soapenv:Fault>'
    expect(told('removeSnapshot', fault, 500)).toMatchObject({
      status: 500,
      body: { _typeName: 'TaskInProgress', faultstring: 'busy', task: { type: 'Task', value: 'task-1' } },
    })
  })

  it('that tells of a dead session inside status 200 is that fault, not an unset property', () => {
    const missing =
      '<missingSet><path>config</path><fault><fault xsi:type="NotAuthenticated"><privilegeId>System.View</privilegeId></fault><localizedMessage/></fault></missingSet>'
    expect(
      told('getVmConfig', `<R><returnval><objects><obj type="VirtualMachine">vm-1</obj>${missing}</objects></returnval></R>`),
    ).toMatchObject({
      status: 500,
      body: { _typeName: 'NotAuthenticated' },
    })
    expect(told('getVmParent', '<R><returnval><objects><obj type="VirtualMachine">vm-1</obj></objects></returnval></R>')).toEqual(
      { status: 204 },
    )
  })

  it('that is no SOAP stays as it is', () => {
    const answer: HttpAnswer = { status: 503, headers: { 'content-type': 'text/html' }, body: Buffer.from('<html>') }
    expect(jsonAnswer(answer, operation('getVmConfig'))).toBe(answer)
  })

  it('has no outside entities: what is not XML, or declares some, is not followed', () => {
    expect(() => parseXml('<a><b></a>')).toThrow()
    const text = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    const read = (() => {
      try {
        return parseXml(text).text
      } catch {
        return ''
      }
    })()
    expect(read).not.toContain('root')
  })
})
