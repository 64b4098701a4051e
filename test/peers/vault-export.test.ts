// What restore points look like to programs that speak NBD.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { exportVault } from '../../src/vault/index.ts'
import { backUp, createFolder, createVault, MiB, noise, writeDisk } from '../vault/world.ts'
import { peer } from './peer.ts'

const run = promisify(execFile)

async function createExport() {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await createFolder())
  const vault = stack.use(await createVault(folder.path))
  const content = Buffer.concat([noise(1, 3 * MiB), Buffer.alloc(5 * MiB), noise(2, MiB)])
  await writeDisk(folder.file('disk.raw'), content)
  const first = await backUp(vault, 'run-1', { kind: 'file', path: folder.file('disk.raw') }, content.length)
  const server = stack.use(await exportVault(vault, { listen: { host: '127.0.0.1', port: 0 } }))
  const url = (name: string): string => `nbd://127.0.0.1:${server.port}/${name}`
  return { folder, vault, first, content, url, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

describe.skipIf(!peer('qemu-img', 'qemu-utils'))('an exported point', () => {
  test('is identical to the disk, for qemu-img compare', async () => {
    await using world = await createExport()
    for (const name of [`${world.first.id}/ide0`, `${world.first.id.slice(0, 8)}/ide0`, 'vm-1/latest/ide0']) {
      const { stdout } = await run('qemu-img', [
        'compare',
        '-f',
        'raw',
        '-F',
        'raw',
        world.folder.file('disk.raw'),
        world.url(name),
      ])
      expect(stdout).toContain('Images are identical.')
    }
  })

  test('of another time is not identical', async () => {
    await using world = await createExport()
    await writeDisk(world.folder.file('other.raw'), Buffer.concat([world.content.subarray(0, -1), Buffer.of(1)]))
    await expect(
      run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', world.folder.file('other.raw'), world.url('vm-1/latest/ide0')]),
    ).rejects.toMatchObject({ code: 1 })
  })

  test('shows the newest point under latest to whoever connects then', async () => {
    await using world = await createExport()
    const changed = Buffer.from(world.content)
    changed.fill(7, 0, 4096)
    const source = await writeDisk(world.folder.file('changed.raw'), changed)
    await backUp(world.vault, 'run-2', source, changed.length)
    await run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', world.folder.file('changed.raw'), world.url('vm-1/latest/ide0')])
  })
})

describe.skipIf(!peer('nbdinfo', 'libnbd-bin'))('nbdinfo', () => {
  test('lists every disk of every point', async () => {
    await using world = await createExport()
    const { stdout } = await run('nbdinfo', ['--list', '--json', world.url('')])
    const names = (JSON.parse(stdout) as { exports: { 'export-name': string; is_read_only: boolean }[] }).exports
    expect(names.map((one) => one['export-name'])).toEqual(['vm-1/latest/ide0', `${world.first.id}/ide0`])
    expect(names.every((one) => one.is_read_only)).toBe(true)
  })

  test('sees the zeros of a disk as such, so that copies stay sparse', async () => {
    await using world = await createExport()
    const { stdout } = await run('nbdinfo', ['--map', '--json', world.url('vm-1/latest/ide0')])
    const map = JSON.parse(stdout) as { offset: number; length: number; type: number }[]
    expect(map.filter(({ type }) => (type & 2) !== 0)).toMatchObject([{ offset: 3 * MiB, length: 5 * MiB }])
  })

  test('is told that other names do not exist', async () => {
    await using world = await createExport()
    for (const name of ['vm-1/latest/ide9', 'vm-9/latest/ide0', 'ffffffff/ide0', 'x'])
      await expect(run('nbdinfo', [world.url(name)])).rejects.toThrow()
  })
})
