// What Node compiled is run as it is the next time, so it lies where only this user can write.
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { holdfast } from '../acceptance/holdfast.ts'

async function createHome() {
  const cwd = await mkdtemp(join(tmpdir(), 'holdfast-'))
  onTestFinished(() => rm(cwd, { recursive: true, force: true }))
  const [HOME, TMPDIR] = [join(cwd, 'home'), join(cwd, 'tmp')]
  await mkdir(TMPDIR)
  return { cwd, env: { HOME, TMPDIR, XDG_CACHE_HOME: '' } }
}

test("compiled code is kept in this user's folder, and nowhere that others write", async () => {
  const where = await createHome()
  expect(await holdfast(where, '--version')).toMatchObject({ exitCode: 0, stderr: '' })
  const kept = join(where.env.HOME, '.cache/holdfast/compiled')
  expect((await stat(kept)).mode & 0o777).toBe(0o700)
  expect(await readdir(kept)).not.toEqual([])
  expect(await readdir(where.env.TMPDIR)).toEqual([])
})

test('nothing is kept, and all works, where there is no room for it', async () => {
  const where = await createHome()
  await writeFile(where.env.HOME, '')
  expect(await holdfast(where, '--version')).toMatchObject({ exitCode: 0, stderr: '' })
})

test('nothing is kept, and all works, where a home cannot be made though the folder above it is there', async () => {
  const where = await createHome()
  // As below the folder of an automounter.
  expect(await holdfast({ ...where, env: { ...where.env, HOME: '/proc/nobody' } }, '--version')).toMatchObject({
    exitCode: 0,
    stderr: '',
  })
})
