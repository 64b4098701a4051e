// Disks restored where other programs read them: qcow2 images, NBD servers, block devices.
import { execFile } from 'node:child_process'
import { constants, open, readFile, truncate, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { relayStreams } from '../../src/blocks/index.ts'
import { holdfast } from '../acceptance/holdfast.ts'
import { createCertificates } from '../blocks/certificates.ts'
import { backUp, createFolder, createVault, MiB, noise, PASSWORD, writeDisk } from '../vault/world.ts'
import { nbdkit, nbdkitOnTcp, qemuNbd } from './nbd-peers.ts'
import { peer } from './peer.ts'

const run = promisify(execFile)

async function createPoint() {
  const folder = await createFolder()
  const vault = await createVault(folder.path, { keyCost: 1024 })
  const content = Buffer.concat([noise(1, 3 * MiB), Buffer.alloc(4 * MiB), noise(2, MiB)])
  const { id } = await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), content), content.length)
  await vault.close()
  const restore = (...args: readonly string[]) =>
    holdfast({ cwd: folder.path, env: { HOLDFAST_VAULT_PASSWORD: PASSWORD.reveal() } }, 'vault', 'restore', 'vault', id, ...args)
  return { folder, content, restore, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

const identical = async (path: string, format: string, disk: string): Promise<void> => {
  const { stdout } = await run('qemu-img', ['compare', '-f', format, '-F', 'raw', path, disk])
  expect(stdout).toContain('Images are identical')
}

describe.skipIf(!peer('qemu-img', 'qemu-utils'))('a disk restored', () => {
  test('as a qcow2 image is identical, and takes no space for zeros', async () => {
    await using world = await createPoint()
    expect(await world.restore('--to', 'out', '--image', 'qcow2')).toMatchObject({ exitCode: 0 })
    const image = world.folder.file('out/ide0.qcow2')
    await identical(image, 'qcow2', world.folder.file('disk'))
    const { stdout } = await run('qemu-img', ['info', '--output', 'json', image])
    expect(JSON.parse(stdout)).toMatchObject({ format: 'qcow2', 'virtual-size': 8 * MiB })
    expect(JSON.parse(stdout)['actual-size']).toBeLessThan(5 * MiB)
    const again = await world.restore('--to', 'out', '--image', 'qcow2')
    expect({ exitCode: again.exitCode, said: again.stderr.includes('FILE_EXISTS') }).toEqual({ exitCode: 2, said: true })
  })

  test.skipIf(!peer('nbdkit', 'nbdkit'))(
    'to an NBD server is identical there, once it is said that it may be overwritten',
    async () => {
      await using world = await createPoint()
      await writeFile(world.folder.file('target'), noise(9, 8 * MiB))
      using server = nbdkit('file', world.folder.file('target'))
      const to = `nbd+unix:///?socket=${server.path}`
      const refused = await world.restore('--to', to)
      expect({ exitCode: refused.exitCode, said: refused.stderr.includes('RESTORE_TARGET_UNFIT') }).toEqual({
        exitCode: 2,
        said: true,
      })
      expect(await world.restore('--to', to, '--overwrite', '--disk', 'ide0')).toMatchObject({ exitCode: 0 })
      await identical(world.folder.file('target'), 'raw', world.folder.file('disk'))
    },
  )

  test.skipIf(![peer('nbdkit', 'nbdkit'), peer('openssl', 'openssl')].every(Boolean))(
    'to an NBD server that asks for a certificate is identical there; without one nothing is written',
    async () => {
      await using world = await createPoint()
      createCertificates(world.folder.path)
      await writeFile(world.folder.file('target'), noise(9, 8 * MiB))
      const tls = ['--tls=require', `--tls-certificates=${world.folder.path}`, '--tls-verify-peer']
      using server = await nbdkitOnTcp(...tls, 'file', world.folder.file('target'))
      const at = `127.0.0.1:${server.port}/`
      expect(await world.restore('--to', `nbd://${at}`, '--overwrite')).toMatchObject({ exitCode: 1 })
      await expect(identical(world.folder.file('target'), 'raw', world.folder.file('disk'))).rejects.toThrow()
      const secured = await world.restore('--to', `nbds://${at}?tls-certificates=.`, '--overwrite')
      expect(secured).toMatchObject({ exitCode: 0, stderr: '' })
      await identical(world.folder.file('target'), 'raw', world.folder.file('disk'))
    },
  )

  test('to a server that promises nothing of several connections is identical there, by one', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path, { keyCost: 1024, threads: 3 })
    const content = Buffer.concat([noise(1, 5 * MiB), Buffer.alloc(2 * MiB), noise(2, MiB)])
    const { id } = await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), content), content.length)
    await writeFile(folder.file('target'), noise(9, 8 * MiB))
    using server = qemuNbd('--format=raw', folder.file('target'))
    let connections = 0
    await using relay = await relayStreams(async () => {
      connections += 1
      return net.connect(server.path)
    })
    const target = { kind: 'nbd-unix', path: relay.path, exportName: '' } as const
    await vault.restoreDisk({ pointId: id, disk: 'ide0', target })
    await identical(folder.file('target'), 'raw', folder.file('disk'))
    expect(connections).toBe(1)
    await vault.restoreDisk({ pointId: id, disk: 'ide0', target, resume: true })
    expect(connections).toBe(2)
  })

  test('to a block device is identical there', async (context) => {
    await using world = await createPoint()
    await writeFile(world.folder.file('target'), noise(9, 100))
    await truncate(world.folder.file('target'), 8 * MiB)
    const attached = await run('losetup', ['--find', '--show', world.folder.file('target')]).catch((error: Error) => error)
    if (attached instanceof Error) return context.skip(`no loop device can be had: ${attached.message}`)
    const device = attached.stdout.trim()
    try {
      expect(await world.restore('--to', device, '--overwrite')).toMatchObject({ exitCode: 0 })
      await identical(device, 'raw', world.folder.file('disk'))
    } finally {
      await run('losetup', ['--detach', device])
    }
  })

  test('to a block device that is in use, as a mounted one is, is refused, and nothing is written', async (context) => {
    await using world = await createPoint()
    const content = noise(9, 8 * MiB)
    await writeFile(world.folder.file('target'), content)
    const attached = await run('losetup', ['--find', '--show', world.folder.file('target')]).catch((error: Error) => error)
    if (attached instanceof Error) return context.skip(`no loop device can be had: ${attached.message}`)
    const device = attached.stdout.trim()
    try {
      // As the kernel does for a file system that is mounted.
      await using _held = await open(device, constants.O_RDONLY | constants.O_EXCL)
      const refused = await world.restore('--to', device, '--overwrite')
      expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('RESTORE_TARGET_UNFIT') })
      expect((await readFile(device)).equals(content)).toBe(true)
    } finally {
      await run('losetup', ['--detach', device])
    }
  })
})
