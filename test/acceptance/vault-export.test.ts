// `holdfast vault export` as a process of its own: TLS that asks for certificates, sockets of one user, the points that were named.
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, statSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { createCertificates } from '../blocks/certificates.ts'
import { peer } from '../peers/peer.ts'
import { backUp, createFolder, createVault, MiB, noise, PASSWORD, writeDisk } from '../vault/world.ts'
import { holdfast, startHoldfast } from './holdfast.ts'

/** Several processes each, on a machine that may be busy. */
vi.setConfig({ testTimeout: 600_000 })

const run = promisify(execFile)
const hasQemu = [peer('qemu-img', 'qemu-utils'), peer('qemu-io', 'qemu-utils')].every(Boolean)
const hasLibnbd = [peer('nbdinfo', 'libnbd-bin'), peer('openssl', 'openssl')].every(Boolean)

async function createTwoPoints() {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await createFolder())
  const vault = await createVault(folder.path, { keyCost: 1024 })
  const points: string[] = []
  for (const seed of [1, 2]) {
    const source = await writeDisk(folder.file(`disk${seed}.raw`), noise(seed, 2 * MiB))
    points.push((await backUp(vault, `run-${seed}`, source, 2 * MiB)).id)
  }
  await vault.close()
  const where = { cwd: folder.path, env: { HOLDFAST_VAULT_PASSWORD: PASSWORD.reveal() } }

  /** Serves until disposed of; `urls` are those that it prints. */
  async function serve(...args: string[]) {
    const served = startHoldfast(where, 'vault', 'export', 'vault', ...args)
    const said = await served.says('Ctrl-C ends it')
    return {
      said,
      urls: [...said.matchAll(/^nbds?\S+/gm)].map(([url]) => url),
      [Symbol.asyncDispose]: async () => {
        served.child.kill('SIGINT')
        expect((await served.ended).exitCode).toBe(0)
      },
    }
  }
  return { folder, where, points, serve, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

const namesOf = async (url: string): Promise<readonly string[]> => {
  const { stdout } = await run('nbdinfo', ['--list', '--json', url])
  return (JSON.parse(stdout) as { exports: { 'export-name': string }[] }).exports.map((one) => one['export-name'])
}

describe.skipIf(!hasLibnbd || !hasQemu)('an export with certificates', () => {
  test('serves those whose certificate its authority signed, and nobody else', async () => {
    await using world = await createTwoPoints()
    createCertificates(world.folder.path)
    await using served = await world.serve('--tls', '.', '--port', '0', '--copy-on-write')
    expect(served.urls.every((url) => url.startsWith('nbds://127.0.0.1:'))).toBe(true)
    const [url = ''] = served.urls
    const { stdout } = await run('nbdinfo', ['--json', `${url}?tls-certificates=${world.folder.path}`])
    expect(JSON.parse(stdout)).toMatchObject({ TLS: true, exports: [{ is_read_only: false }] })

    const { port, pathname } = new URL(url)
    const image = [
      'driver=raw',
      'file.driver=nbd',
      'file.host=127.0.0.1',
      `file.port=${port}`,
      `file.export=${pathname.slice(1)}`,
    ]
    const secured = [...image, 'file.tls-creds=tls', 'file.tls-hostname=localhost'].join(',')
    const credentials = `tls-creds-x509,id=tls,endpoint=client,dir=${world.folder.path}`
    await run('qemu-io', ['--object', credentials, '--image-opts', secured, '-c', 'write -P 9 0 4k', '-c', 'read -P 9 0 4k'])
    await expect(run('qemu-io', ['--image-opts', image.join(','), '-c', 'read 0 4k'])).rejects.toThrow()

    mkdirSync(world.folder.file('stranger'))
    copyFileSync(world.folder.file('ca-cert.pem'), world.folder.file('stranger/ca-cert.pem'))
    await expect(run('nbdinfo', [`${url}?tls-certificates=${world.folder.file('stranger')}`])).rejects.toThrow()
    await expect(run('nbdinfo', [url.replace('nbds:', 'nbd:')])).rejects.toThrow()
  })
})

describe.skipIf(!hasLibnbd || !hasQemu)('an export on a unix socket', () => {
  test('belongs to this user, and shows the points that were named, each under its own name', async () => {
    await using world = await createTwoPoints()
    const [first = '', second = ''] = world.points
    {
      await using served = await world.serve('--socket', 'nbd.sock', first, second.slice(0, 10))
      expect(statSync(world.folder.file('nbd.sock')).mode & 0o777).toBe(0o600)
      expect(served.said).toContain('read-only; Ctrl-C ends it')
      expect([...(await namesOf(served.urls[0] ?? ''))].sort()).toEqual([`${first}/ide0`, `${second}/ide0`].sort())
      for (const [index, url] of served.urls.entries()) {
        const { stdout } = await run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', `disk${index + 1}.raw`, url], {
          cwd: world.folder.path,
        })
        expect(stdout).toContain('Images are identical')
      }
    }
    await using alone = await world.serve('--socket', 'nbd.sock', first)
    expect(await namesOf(alone.urls[0] ?? '')).toEqual([`${first}/ide0`])
    for (const name of [`${second}/ide0`, 'vm-1/latest/ide0'])
      await expect(run('nbdinfo', [`nbd+unix:///${name}?socket=${world.folder.file('nbd.sock')}`])).rejects.toThrow()
    const taken = await holdfast(world.where, 'vault', 'export', 'vault', '--socket', 'nbd.sock')
    expect(taken.stderr).toContain(
      `error[EXPORT_ADDRESS_UNFIT]: cannot serve restore points on ${world.folder.file('nbd.sock')}: EADDRINUSE`,
    )
  })
})

test('P12: other hosts are not served without certificates, and certificates that do not fit are told', async () => {
  await using world = await createTwoPoints()
  const open = await holdfast(world.where, 'vault', 'export', 'vault', '--listen', '0.0.0.0')
  expect({ exitCode: open.exitCode, said: open.stderr.includes('error[EXPORT_ADDRESS_UNFIT]') }).toEqual({
    exitCode: 2,
    said: true,
  })
  const without = await holdfast(world.where, 'vault', 'export', 'vault', '--tls', '.')
  expect({ exitCode: without.exitCode, said: without.stderr.includes('error[FILE_UNREADABLE]') }).toEqual({
    exitCode: 2,
    said: true,
  })
})
