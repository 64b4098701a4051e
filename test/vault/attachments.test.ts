// Small files that belong to a VM: stored before a point names them, kept with it, and freed with it.
import { describe, expect, test } from 'vitest'
import { createStorage, open as openStorage, storePoints } from './prune-world.ts'
import { backUp, createFolder, createVault, MiB, noise, pointOf, whole, writeDisk } from './world.ts'

const TPM = noise(7, 20_480)
const BIOS = noise(8, MiB + 77)

describe('an attachment', () => {
  test('is given back as it was stored, byte for byte', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    const content = noise(1, MiB)
    const source = await writeDisk(folder.file('disk'), content)
    const ide0 = await vault.storeDisk({ disk: 'ide0', sizeBytes: MiB, source, map: whole(MiB) })
    const attachments = [
      { name: 'TPM', ...(await vault.storeAttachment(TPM)) },
      { name: 'BIOS', ...(await vault.storeAttachment(BIOS)) },
    ]
    const { id } = await vault.commitPoint(pointOf('run-1', { ide0 }, { attachments }))
    expect((await vault.point(id)).attachments).toEqual(attachments)
    expect(Buffer.from(await vault.readAttachment(id, 'TPM')).equals(TPM)).toBe(true)
    expect(Buffer.from(await vault.readAttachment(id, 'BIOS')).equals(BIOS)).toBe(true)
    await expect(vault.readAttachment(id, 'NVRAM')).rejects.toMatchObject({ code: 'POINT_FILE_UNKNOWN' })
    expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
  })

  test('is in no point that does not name it', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    await vault.storeAttachment(TPM)
    const { id } = await backUp(vault, 'run-1', await writeDisk(folder.file('disk'), noise(1, MiB)), MiB)
    expect((await vault.point(id)).attachments).toEqual([])
  })

  test('P7: that is not stored makes no point', async () => {
    await using folder = await createFolder()
    await using vault = await createVault(folder.path)
    const source = await writeDisk(folder.file('disk'), noise(1, MiB))
    const ide0 = await vault.storeDisk({ disk: 'ide0', sizeBytes: MiB, source, map: whole(MiB) })
    const missing = { name: 'TPM', treeId: 'ab'.repeat(32), sizeBytes: 9 }
    await expect(vault.commitPoint(pointOf('run-1', { ide0 }, { attachments: [missing] }))).rejects.toMatchObject({
      code: 'VAULT_BLOB_MISSING',
    })
    const { treeId } = await vault.storeAttachment(TPM)
    const wrong = { name: 'TPM', treeId, sizeBytes: 9 }
    await expect(vault.commitPoint(pointOf('run-1', { ide0 }, { attachments: [wrong] }))).rejects.toMatchObject({
      code: 'VAULT_TREE_INVALID',
    })
    expect(await vault.points()).toEqual([])
  })

  test('stays through a prune with its point, and is freed once no point has it', async () => {
    const backend = await createStorage()
    await storePoints(backend, [[1]])
    await using vault = await openStorage(backend)
    const [before] = await vault.points()
    const kept = { name: 'TPM', ...(await vault.storeAttachment(TPM)) }
    const loose = await vault.storeAttachment(BIOS)
    const { disks } = await vault.point(before?.id ?? '')
    const { id } = await vault.commitPoint({ ...pointOf('run-9', {}), disks, attachments: [kept] })
    await vault.prune({ dryRun: false, maxUnused: 0 })
    expect(Buffer.from(await vault.readAttachment(id, 'TPM')).equals(TPM)).toBe(true)
    const again = { name: 'BIOS', ...loose }
    await expect(vault.commitPoint({ ...pointOf('run-10', {}), disks, attachments: [again] })).rejects.toMatchObject({
      code: 'VAULT_BLOB_MISSING',
    })
  })
})
