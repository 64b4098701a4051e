// Extended attributes, access control lists and capabilities, there and back: stored by one of Holdfast and restic, restored by the other.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openVault } from '../../src/vault/index.ts'
import { lookAtAttributes, plantAttributes } from '../vault/attributes-world.ts'
import { backUpFolder } from '../vault/file-world.ts'
import { createFolder, createVault, PASSWORD } from '../vault/world.ts'
import { peer } from './peer.ts'
import { describeRestics, expectNoErrors } from './restic.ts'

const hasPrograms = [peer('getfattr', 'attr'), peer('setfattr', 'attr'), peer('setfacl', 'acl')].every((isThere) => isThere)

describeRestics(' and extended attributes', { timeout: 600_000 }, (restic) => {
  const { call, callWith, isNewest } = restic
  // Older ones leave those of links out.
  const known = (blocks: readonly string[]) => blocks.filter((block) => isNewest || !block.startsWith('# file: link'))

  test.skipIf(!hasPrograms)('what Holdfast stored comes back from both, and is what restic itself stores', async () => {
    await using folder = await createFolder()
    mkdirSync(folder.file('files/data'), { recursive: true })
    plantAttributes(folder.file('files/data'))
    const before = lookAtAttributes(folder.file('files/data'))
    expect(before.length).toBeGreaterThan(10)
    await using vault = await createVault(folder.path, { keyCost: 1024 })
    const { point, problems } = await backUpFolder(vault, 'run-1', folder.file('files/data'))
    expect(problems.count).toBe(0)

    await expectNoErrors(restic, vault.where)
    await call(vault.where, 'restore', point.id, '--target', folder.file('theirs'))
    expect(lookAtAttributes(folder.file('theirs/files/data'))).toEqual(known(before))
    expect((await vault.restoreFiles({ pointId: point.id, to: folder.file('ours') })).problems.count).toBe(0)
    expect(lookAtAttributes(folder.file('ours/data'))).toEqual(before)

    await callWith({ cwd: folder.path }, vault.where, 'backup', 'files')
    const theirs = (await vault.snapshots()).find(({ tags }) => !tags.includes('holdfast'))
    const told = String(await call(vault.where, 'diff', '--metadata', point.id, theirs?.id ?? '')).split('\n')
    // Of folders it tells that their trees differ: ours have a file's attributes in the order of their names.
    const differences = told.filter((line) => /^[+\-MTU?] .*\/files\/data.*[^/]$/.test(line))
    expect(differences.filter((line) => isNewest || !line.endsWith('/link'))).toEqual([])
  })

  test.skipIf(!hasPrograms)('what restic stored comes back from Holdfast', async () => {
    await using folder = await createFolder()
    mkdirSync(folder.file('data'))
    plantAttributes(folder.file('data'))
    const repository = folder.file('repository')
    await call(repository, 'init', '--repository-version', '2')
    await call(repository, 'backup', folder.file('data'))
    await using vault = await openVault(repository, PASSWORD, { threads: 0 })
    const [snapshot] = await vault.snapshots()
    const { problems } = await vault.restoreFiles({ pointId: snapshot?.id ?? '', to: folder.file('restored') })
    expect(problems.count).toBe(0)
    const restored = lookAtAttributes(join(folder.file('restored'), folder.file('data')))
    expect(restored).toEqual(known(lookAtAttributes(folder.file('data'))))
  })
})
