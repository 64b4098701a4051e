// Points of files, from the command line: told from points of disks, and given back.
import { mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { expect, test, vi } from 'vitest'
import { backUpFolder } from '../vault/file-world.ts'
import { backUp, createFolder, createVault, MiB, noise, PASSWORD, writeDisk } from '../vault/world.ts'
import { holdfast } from './holdfast.ts'

/** Several processes each, on a machine that may be busy. */
vi.setConfig({ testTimeout: 600_000 })

test('points of files are told from those of disks, and restored as files', async () => {
  await using folder = await createFolder()
  const where = { cwd: folder.path, env: { HOLDFAST_VAULT_PASSWORD: PASSWORD.reveal() } }
  const vault = await createVault(folder.path, { keyCost: 1024 })
  await mkdir(folder.file('data/mail'), { recursive: true })
  await writeFile(folder.file('data/mail/a'), 'hello')
  await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), noise(1, MiB)), MiB)
  const { point } = await backUpFolder(vault, 'run-2', folder.file('data'), { name: 'letters/D' })
  await vault.close()

  const listed = await holdfast(where, 'vault', 'list', 'vault')
  expect(listed.stdout.split('\n').map((line) => line.split(/ {2,}/).slice(3, 6))).toEqual([
    ['VM', 'KIND', 'LEVEL'],
    ['vm-1', 'files', 'full'],
    ['vm-1', 'disks', 'full'],
    [],
  ])
  const files = JSON.parse((await holdfast(where, 'vault', 'list', 'vault', '--kind', 'files', '--format', 'json')).stdout)
  expect(files).toMatchObject([{ id: point.id, kind: 'files' }])
  expect((await holdfast(where, 'vault', 'show', 'vault', point.id)).stdout).toContain(
    `FOLDER     FROM\nletters/D  ${folder.file('data')}\n1 file, 5 B; 0 taken over\n`,
  )

  const restored = await holdfast(where, 'vault', 'restore', 'vault', point.id, '--to', 'out')
  expect(restored).toMatchObject({ exitCode: 0, stdout: `${folder.file('out')}: 1 file, 5 B written\n` })
  expect(await readFile(folder.file('out/letters/D/mail/a'), 'utf8')).toBe('hello')
  const again = await holdfast(where, 'vault', 'restore', 'vault', point.id, '--to', 'out')
  expect({ exitCode: again.exitCode, said: again.stderr.includes('error[FILE_EXISTS]') }).toEqual({ exitCode: 2, said: true })
  await rm(folder.file('out/letters/D/mail/a'))
  const resumed = await holdfast(where, 'vault', 'restore', 'vault', point.id, '--to', 'out', '--resume')
  expect(resumed).toMatchObject({ exitCode: 0, stdout: `${folder.file('out')}: 1 file, 5 B written\n` })
})

test('files of a point of files are listed folder by folder, and taken one by one', async () => {
  await using folder = await createFolder()
  const where = { cwd: folder.path, env: { HOLDFAST_VAULT_PASSWORD: PASSWORD.reveal() } }
  const vault = await createVault(folder.path, { keyCost: 1024 })
  await mkdir(folder.file('data/mail'), { recursive: true })
  await writeFile(folder.file('data/mail/a'), 'hello', { mode: 0o640 })
  await writeFile(folder.file('data/mail/\u001b[2J'), 'clears screens')
  await symlink('mail/a', folder.file('data/newest'))
  for (const name of ['mail/a', 'mail/\u001b[2J']) await utimes(folder.file(`data/${name}`), 1_234_567_890, 1_234_567_890)
  const { point } = await backUpFolder(vault, 'run-1', folder.file('data'), { name: 'letters/D' })
  await vault.close()
  const list = async (...args: string[]) => (await holdfast(where, 'vault', 'files', 'list', 'vault', point.id, ...args)).stdout

  expect((await list()).split('\n').map((line) => line.split(/ {2,}/).at(-1))).toEqual(['PATH', 'letters/', ''])
  expect((await list('letters/D')).split('\n').map((line) => line.split(/ {2,}/).at(-1))).toEqual([
    'PATH',
    'letters/D/mail/',
    'letters/D/newest -> mail/a',
    '',
  ])
  const mail = await list('/letters/D/mail/')
  expect(mail).toContain('file  0640  5 B   2009-02-13 23:31:30  letters/D/mail/a\n')
  expect(mail).not.toContain('\u001b')
  expect(JSON.parse(await list('letters/D/mail/a', '--format', 'json'))).toMatchObject([
    { kind: 'file', path: 'letters/D/mail/a', sizeBytes: 5, mode: '0640' },
  ])
  const missing = await holdfast(where, 'vault', 'files', 'list', 'vault', point.id, 'letters/D/mail/a/b')
  expect({ exitCode: missing.exitCode, said: missing.stderr.includes('error[POINT_FILE_UNKNOWN]') }).toEqual({
    exitCode: 2,
    said: true,
  })

  const got = await holdfast(where, 'vault', 'files', 'get', 'vault', point.id, 'letters/D/mail/a', '--to', 'out')
  expect(got.stdout).toBe(`${folder.file('out')}: 1 file, 5 B written\n`)
  expect(await readdir(folder.file('out'), { recursive: true })).toEqual([
    'letters',
    'letters/D',
    'letters/D/mail',
    'letters/D/mail/a',
  ])
})

test('a restore of disks that was ended goes on with --resume, writing only what is not there', async () => {
  await using folder = await createFolder()
  const where = { cwd: folder.path, env: { HOLDFAST_VAULT_PASSWORD: PASSWORD.reveal() } }
  const vault = await createVault(folder.path, { keyCost: 1024 })
  const content = noise(1, 3 * MiB)
  const point = await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), content), content.length)
  await vault.close()
  await mkdir(folder.file('out'))
  await writeDisk(folder.file('out/ide0.raw'), Buffer.concat([content.subarray(0, MiB), Buffer.alloc(2 * MiB, 7)]))
  const resumed = await holdfast(where, 'vault', 'restore', 'vault', point.id, '--to', 'out', '--resume')
  expect(resumed.stdout).toContain('3.0 MiB, 2.0 MiB written')
  expect((await readFile(folder.file('out/ide0.raw'))).equals(content)).toBe(true)
})
