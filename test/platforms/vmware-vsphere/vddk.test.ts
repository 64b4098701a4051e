// The transport vddk, with a stand-in for nbdkit: it keeps what it was told, and serves a file with the true nbdkit.
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSource } from '../../../src/blocks/index.ts'
import { type ActionContext, ActionFailure } from '../../../src/packs/index.ts'
import { vmwareVsphere } from '../../../src/platforms/vmware-vsphere/index.ts'
import { type JsonObject, Secret } from '../../../src/values/index.ts'
import { peer } from '../../peers/peer.ts'

const DISK = '[datastore1] erp-db/erp-db.vmdk'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vddk-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function standIn(): Promise<string> {
  const program = join(folder, 'nbdkit')
  await writeFile(join(folder, 'disk.raw'), Buffer.alloc(65_536, 'vddk'))
  await writeFile(
    program,
    `#!/bin/sh
for word in "$@"; do
  case $word in
    vddk) rest=yes ;;
    password=+*) cat "\${word#password=+}" > ${folder}/password ;;
  esac
  echo "$word" >> ${folder}/told
  [ -z "$rest" ] && set -- "$@" "$word"
  shift
done
exec nbdkit "$@" file ${folder}/disk.raw
`,
  )
  await chmod(program, 0o700)
  return program
}

function contextWith(vddk: JsonObject): ActionContext {
  const settings = { url: 'https://vc.example:8443', username: 'backup', password: new Secret('a-secret'), vddk }
  return {
    connection: () => ({ target: 'vc', type: 'vmware-vsphere/Connection', settings }),
    signal: new AbortController().signal,
  } as unknown as ActionContext
}

const THUMBPRINT = Array.from({ length: 20 }, () => 'AB').join(':')
const input = {
  vc: { $target: 'vc', connection: 'vmware-vsphere/Connection' },
  vmId: `vm-${process.pid}`,
  of: 'snapshot-31',
  disks: [{ disk: '2000', sizeBytes: 65_536, file: DISK }],
}
const call = (action: string, given: JsonObject, context: ActionContext): Promise<JsonObject> => {
  const handler = vmwareVsphere.handlers[`vmware-vsphere/${action}`]
  if (!handler) throw new Error(`no ${action}`)
  return handler(given, context)
}

describe.skipIf(!peer('nbdkit', 'nbdkit'))('disks of a snapshot through VDDK', () => {
  it('are read from one nbdkit each, told the snapshot, the VM and the file, and no secret in its arguments [P11]', async () => {
    const context = contextWith({ nbdkit: await standIn(), libdir: '/opt/vddk', thumbprint: THUMBPRINT })
    const { sources } = await call('disks.open', input, context)
    const [{ address }] = sources as unknown as [{ address: Parameters<typeof openSource>[0] }]
    {
      await using source = await openSource(address, { signal: context.signal })
      const read = Buffer.alloc(8)
      await source.read(4, read)
      expect(read.toString()).toBe('vddkvddk')
    }
    const told = (await readFile(join(folder, 'told'), 'utf8')).trim().split('\n')
    expect(told).toContain('-r')
    expect(told.slice(told.indexOf('vddk') + 1).filter((word) => !word.startsWith('password='))).toEqual([
      'libdir=/opt/vddk',
      'server=vc.example',
      'port=8443',
      'user=backup',
      `thumbprint=${THUMBPRINT}`,
      `vm=moref=${input.vmId}`,
      'snapshot=snapshot-31',
      'transports=nbdssl',
      `file=${DISK}`,
    ])
    expect(told.join(' ')).not.toContain('a-secret')
    expect(await readFile(join(folder, 'password'), 'utf8')).toBe('a-secret')
    await call('disks.close', input, context)
    await expect(openSource(address, { signal: context.signal, reconnect: false })).rejects.toThrow()
  })

  it('are not opened without the thumbprint of the server', async () => {
    const failed = await call('disks.open', input, contextWith({})).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(ActionFailure)
    expect(failed).toMatchObject({ failure: { type: 'transportUnavailable', applied: 'no' } })
  })
})
