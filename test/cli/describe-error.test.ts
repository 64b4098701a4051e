// Errors that the system words, with what to do about them.
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeError } from '../../src/cli/describe-error.ts'

const NOWHERE = join(import.meta.dirname, 'no-such-folder')

const raised: Readonly<Record<string, () => Promise<unknown>>> = {
  'a folder for temporary files that is not there': () => mkdtemp(join(NOWHERE, 'holdfast-')),
  'a socket whose path is too long': () => once(createServer().listen(join(NOWHERE, 'x'.repeat(200))), 'listening'),
}

it.each(Object.keys(raised))('%s is told with the variable that names its place', async (what) => {
  const error: unknown = await raised[what]?.().catch((caught: unknown) => caught)
  expect(describeError(error, { colour: false })).toMatchObject({ exitCode: 1, text: expect.stringMatching(/= hint: .*TMPDIR/) })
})
