// Folders of images belong to the run that made them: whatever a process leaves of one that dies is removed, and no other folder is.
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { vmwareVsphere } from '../../../src/platforms/vmware-vsphere/index.ts'
import { callAction, failureOf } from '../calls.ts'

let imageFolder: string
beforeEach(async () => {
  imageFolder = await mkdtemp(join(tmpdir(), 'holdfast-images-'))
})
afterEach(() => rm(imageFolder, { recursive: true }))

const image = (action: 'begin' | 'remove', runId = 'run-1') =>
  callAction(
    vmwareVsphere.handlers,
    `vmware-vsphere/image.${action}`,
    { vc: {}, name: 'erp-db-fullVM', config: {} },
    { runId, connection: () => ({ target: 'vc', type: 'vmware-vsphere/Connection', settings: { imageFolder } }) },
  )
const inFolder = (name: string) => join(imageFolder, name)

it('a folder that was begun twice is one, and is removed with all that is in it', async () => {
  await image('begin')
  await writeFile(inFolder('erp-db-fullVM/2000.raw'), 'disk')
  await image('begin')
  expect(await readdir(imageFolder)).toEqual(['erp-db-fullVM'])
  await image('remove')
  await image('remove')
  expect(await readdir(imageFolder)).toEqual([])
})

it.each([
  ['while it made the folder', async () => mkdir(inFolder('erp-db-fullVM.run-1'))],
  [
    'before the folder had its name',
    async () => {
      await image('begin')
      await rename(inFolder('erp-db-fullVM'), inFolder('erp-db-fullVM.run-1'))
    },
  ],
])('what a process leaves that dies %s is removed [P2]', async (_, die) => {
  await die()
  await image('remove')
  expect(await readdir(imageFolder)).toEqual([])
})

it("another run's folder stays, and so does one that no run made", async () => {
  await image('begin', 'run-2')
  expect(await failureOf(image('begin'))).toMatchObject({ type: 'folderTaken', applied: 'no' })
  await image('remove')
  expect(await readdir(inFolder('erp-db-fullVM'))).toContain('run.txt')
  await rm(inFolder('erp-db-fullVM/run.txt'))
  expect(await failureOf(image('begin'))).toMatchObject({ type: 'folderTaken' })
  await image('remove')
  expect(await readdir(imageFolder)).toEqual(['erp-db-fullVM'])
})
