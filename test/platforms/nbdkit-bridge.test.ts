import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DiskAddress, openSink, openSource } from '../../src/blocks/index.ts'
import { findNbdkit, NbdkitFailed, startNbdkit, stopNbdkit } from '../../src/platforms/nbdkit-bridge.ts'
import { Secret } from '../../src/values/index.ts'
import { peer } from '../peers/peer.ts'

const MIB = 2 ** 20
let base: string
let folder: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'holdfast-bridge-'))
  folder = join(base, 'bridge')
})
afterEach(async () => {
  await stopNbdkit(folder)
  rmSync(base, { recursive: true })
})

const signal = new AbortController().signal
const pidOf = (): string => readFileSync(join(folder, 'pid'), 'utf8').trim()

async function firstBytes(address: DiskAddress, length: number): Promise<string> {
  await using source = await openSource(address)
  const bytes = Buffer.alloc(length)
  await source.read(0, bytes)
  return bytes.toString()
}

describe.skipIf(!peer('nbdkit', 'nbdkit'))('a disk behind an nbdkit plugin', () => {
  it('is read and written over a socket that only its owner reaches', async () => {
    const image = join(base, 'disk.raw')
    writeFileSync(image, Buffer.alloc(MIB, 'from the library'))
    const address = await startNbdkit({ folder, plugin: 'file', parameters: { file: image }, readOnly: false, signal })
    expect(await firstBytes(address, 16)).toBe('from the library')
    await using sink = await openSink(address)
    await sink.write(0, Buffer.from('changed'))
    await sink.flush()
    expect(readFileSync(image, 'latin1').slice(0, 7)).toBe('changed')
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it('cannot be written where it is opened for reading', async () => {
    const address = await startNbdkit({ folder, plugin: 'memory', parameters: { size: '1M' }, readOnly: true, signal })
    await expect(openSink(address)).rejects.toThrow(/read-only/i)
  })

  it('goes on when who started it is gone, is found again, and ends when it is told to', async () => {
    await startNbdkit({ folder, plugin: 'memory', parameters: { size: '1M' }, readOnly: true, signal })
    const pid = pidOf()
    expect(await findNbdkit(folder)).toEqual({ kind: 'nbd-unix', path: join(folder, 'socket'), exportName: '' })
    await startNbdkit({ folder, plugin: 'memory', parameters: { size: '1M' }, readOnly: true, signal })
    expect(pidOf()).toBe(pid)
    await stopNbdkit(folder)
    expect(existsSync(`/proc/${pid}`)).toBe(false)
    expect(existsSync(folder)).toBe(false)
    expect(await findNbdkit(folder)).toBeUndefined()
    await stopNbdkit(folder)
  })

  it('P11: a secret parameter is in no process list and in no file once the disk is open', async () => {
    // This plugin reads its password by the function of nbdkit that vendors' plugins use.
    const parameters = { url: 'http://127.0.0.1:1/disk', user: 'u', password: new Secret('correct horse'), protocols: 'http' }
    const plugin = { plugin: 'curl', parameters, readOnly: true, signal }
    await startNbdkit({ folder, ...plugin })
    const called = readFileSync(`/proc/${pidOf()}/cmdline`, 'utf8')
    expect(called).toContain('password=+')
    expect(called).not.toContain('correct horse')
    expect(readdirSync(folder).toSorted()).toEqual(['log', 'pid', 'socket'])
  })

  it('fails with what nbdkit says, and leaves nothing', async () => {
    const refused = startNbdkit({ folder, plugin: 'file', parameters: { file: join(base, 'none') }, readOnly: true, signal })
    await expect(refused).rejects.toThrow(NbdkitFailed)
    await expect(refused).rejects.toThrow(/none/)
    expect(existsSync(folder)).toBe(false)
    const missing = { folder, nbdkit: join(base, 'no-nbdkit'), plugin: 'file', parameters: {}, readOnly: true, signal }
    await expect(startNbdkit(missing)).rejects.toThrow(/ENOENT/)
  })

  it('ends no other program that has its number now', async () => {
    await startNbdkit({ folder, plugin: 'memory', parameters: { size: '1M' }, readOnly: true, signal })
    spawnSync('kill', ['-9', pidOf()])
    await expect.poll(() => findNbdkit(folder)).toBeUndefined()
    writeFileSync(join(folder, 'pid'), String(process.pid))
    await stopNbdkit(folder)
    expect(existsSync(folder)).toBe(false)
  })
})
