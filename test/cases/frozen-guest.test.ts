// The frozen-guest corpus: defects that users of other engines reported, each as a runbook, what goes wrong, and the safe end.
// `npm run corpus` plays it for people; the files are to be read.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { play } from './session.ts'

const FOLDER = join(import.meta.dirname, 'frozen-guest')
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.rehearsal.yaml'))

test('the corpus holds what it promises', () => {
  expect(files.length).toBeGreaterThanOrEqual(50)
})

test.each(files)('%s ends safely [P2, P3, P4, P5, P6, P9]', async (file) => {
  const played = await play(`$ holdfast test ${file}\n`, FOLDER)
  expect(played).toContain('1 of 1 as expected')
})

test('a file that expects something else is told so', async () => {
  const session = '$ sed --in-place s/succeeded/cancelled/ all-well.rehearsal.yaml\n$ holdfast test all-well.rehearsal.yaml\n'
  const played = await play(session, FOLDER)
  expect(played).toContain('the run succeeded, not cancelled')
  expect(played).toContain('0 of 1 as expected')
})
