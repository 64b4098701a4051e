// Points of files, judged by an unmodified restic: it checks, lists, restores and compares them.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backUpFolder, look, plantTree, trees } from '../vault/file-world.ts'
import { createFolder, createVault, noise } from '../vault/world.ts'
import { describeRestics, expectNoErrors, type Restic } from './restic.ts'

/** What restic says differs between our point's `files` and its own backup of the same folder. */
async function diff({ call, callWith }: Restic, repository: string, ours: string, parent: string): Promise<readonly string[]> {
  await callWith({ cwd: parent }, repository, 'backup', '--force', 'files')
  const asked = ['snapshots', '--json', '--latest', '1', '--path', join(parent, 'files')]
  const [theirs] = JSON.parse(String(await call(repository, ...asked)))
  const lines = String(await call(repository, 'diff', '--metadata', ours, theirs.id)).split('\n')
  // The folder above is ours alone: it has no times.
  return lines.filter((line) => /^[+\-MTU?] /.test(line) && !/ (?:\/holdfast\.json|\/vm\.json|\/files\/)$/.test(line))
}

const TREES = 25

describeRestics('', {}, (restic) => {
  test('checks, lists and restores points of random trees, and finds no difference to its own backup of them', {
    timeout: 60_000,
  }, async () => {
    await using folder = await createFolder()
    const vault = await createVault(folder.path, { keyCost: 1024 })
    const home = folder.file('home')
    for (const [n, tree] of fc.sample(trees, TREES).entries()) {
      await mkdir(join(home, 'files/data', `tree-${n}`), { recursive: true })
      await plantTree(join(home, 'files/data', `tree-${n}`), tree)
    }
    const { point, problems } = await backUpFolder(vault, 'run-1', join(home, 'files/data'))
    expect(problems.count).toBe(0)
    await vault.close()

    await expectNoErrors(restic, vault.where)
    expect(await diff(restic, vault.where, point.id, home)).toEqual([])
    const before = await look(folder.file('home/files/data'))
    await restic.call(vault.where, 'restore', point.id, '--target', folder.file('restored'))
    expect(await look(folder.file('restored/files/data'))).toEqual(before)
    const listed = JSON.parse(
      `[${String(await restic.call(vault.where, 'ls', '--json', point.id))
        .trim()
        .replaceAll('\n', ',')}]`,
    )
    const paths = listed.map(({ path }: { path?: string }) => path).filter((path?: string) => path?.startsWith('/files/data/'))
    expect(paths).toHaveLength(Object.keys(before).length)
  })

  test('finds changed, new and removed files between a full point and what was built on it', async () => {
    await using folder = await createFolder()
    const vault = await createVault(folder.path, { keyCost: 1024 })
    await mkdir(folder.file('data/mail'), { recursive: true })
    for (const name of ['same', 'changed', 'gone']) await writeFile(folder.file(`data/mail/${name}`), noise(1, 5000))
    const full = await backUpFolder(vault, 'run-1', folder.file('data'))
    await writeFile(folder.file('data/mail/changed'), noise(2, 6000))
    await rm(folder.file('data/mail/gone'))
    await writeFile(folder.file('data/mail/new'), noise(3, 10))
    const next = await backUpFolder(vault, 'run-2', folder.file('data'), { level: 'incremental' })
    await vault.close()
    const told = String(await restic.call(vault.where, 'diff', full.point.id, next.point.id))
      .split('\n')
      .filter((line) => / \/files\//.test(line))
    expect(told).toEqual(['M    /files/data/mail/changed', '-    /files/data/mail/gone', '+    /files/data/mail/new'])
    await expectNoErrors(restic, vault.where)
  })
})
