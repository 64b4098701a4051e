// What a run stored, read back by the commands for people and by programs that know nothing of Holdfast.
import { execFile } from 'node:child_process'
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { peer } from '../peers/peer.ts'
import { holdfast, startHoldfast } from './holdfast.ts'
import { openLab } from './lab.ts'

const exec = promisify(execFile)
const hasQemu = peer('qemu-img', 'qemu-utils')

interface Listed {
  readonly id: string
  readonly level: string
}

test('points are listed, restored without overwriting, and exported over NBD with the same bytes', async () => {
  await using lab = await openLab()
  const where = { cwd: lab.folder, env: lab.env }
  expect((await holdfast(where, 'vault', 'init', 'vault')).exitCode).toBe(0)
  expect((await holdfast(where, 'vault', 'list', 'vault')).stdout).toBe('no restore points\n')
  expect((await holdfast(where, 'run', 'sangfor-scp/consistency-group-backup', '-i', `groupId=${lab.groupId}`)).exitCode).toBe(0)

  expect((await holdfast(where, 'vault', 'list', 'vault')).stdout).toMatch(/^POINT +TIME +NAME +VM/)
  const points = JSON.parse((await holdfast(where, 'vault', 'list', 'vault', '--format', 'json')).stdout) as readonly Listed[]
  expect(points.map(({ level }) => level)).toEqual(['full', 'full'])
  const [point] = points
  const id = point?.id ?? ''
  expect((await holdfast(where, 'vault', 'restore', 'vault', id, '--to', 'out')).exitCode).toBe(0)
  const restored = join(lab.folder, 'out/ide0.raw')
  expect(statSync(restored).size).toBe(32 * 2 ** 20)
  const again = await holdfast(where, 'vault', 'restore', 'vault', id, '--to', 'out')
  expect({ exitCode: again.exitCode, said: again.stderr.includes('error[FILE_EXISTS]') }).toEqual({ exitCode: 2, said: true })

  const served = startHoldfast(where, 'vault', 'export', 'vault', id, '--port', '0')
  const url = /nbd:\S+/.exec(await served.says('Ctrl-C ends it'))?.[0] ?? ''
  try {
    if (hasQemu) {
      const { stdout } = await exec('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', url, restored])
      expect(stdout).toContain('Images are identical')
    }
  } finally {
    served.child.kill('SIGINT')
    expect((await served.ended).exitCode).toBe(0)
  }
})

test('a vault without its password is refused, and a damaged one is told from a whole one', async () => {
  await using lab = await openLab()
  const where = { cwd: lab.folder, env: lab.env }
  await holdfast(where, 'vault', 'init', 'vault')
  await holdfast(where, 'run', 'sangfor-scp/consistency-group-backup', '-i', `groupId=${lab.groupId}`)
  const refused = await holdfast({ cwd: lab.folder }, 'vault', 'list', 'vault')
  expect({ exitCode: refused.exitCode, said: refused.stderr.includes('error[VAULT_PASSWORD_MISSING]') }).toEqual({
    exitCode: 2,
    said: true,
  })
  const wrong = await holdfast({ cwd: lab.folder, env: { HOLDFAST_VAULT_PASSWORD: 'another' } }, 'vault', 'list', 'vault')
  expect({ exitCode: wrong.exitCode, said: wrong.stderr.includes('error[VAULT_PASSWORD_WRONG]') }).toEqual({
    exitCode: 2,
    said: true,
  })

  const whole = await holdfast(where, 'vault', 'verify', 'vault')
  expect({ exitCode: whole.exitCode, said: whole.stdout.includes('every restore point can be restored') }).toEqual({
    exitCode: 0,
    said: true,
  })
  rmSync(join(lab.folder, 'vault/data'), { recursive: true })
  const damaged = await holdfast(where, 'vault', 'verify', 'vault')
  expect(damaged.exitCode).toBe(3)
  expect(damaged.stdout).toContain('2 restore points are damaged')
})
