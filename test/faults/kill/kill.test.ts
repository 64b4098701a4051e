// Real processes, really killed. What the far side holds lies in files that outlive them.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { folderStore } from '../../engine/things.ts'
import { killAtEach } from './each.ts'
import { judgeThings } from './judge-things.ts'
import { byEffort, child, pauseAtCall } from './kill.ts'

const STRIDE = byEffort({ desk: 4, ci: 1 })

let root: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-kill-'))
})
afterAll(() => rm(root, { recursive: true }))

async function folderOf(name: string): Promise<string> {
  const folder = join(root, name)
  await mkdir(folder)
  return folder
}

it.each(['record', 'call'] as const)(
  'a process killed at any %s leaves nothing behind once its run is resumed, and repeats no effect (P1, P2, P3)',
  async (point) => {
    let held = 0
    async function judge(folder: string, count: number): Promise<void> {
      held += await judgeThings(folder, `killed at ${point} ${count}`)
    }
    const killed = await killAtEach({
      program: 'child.ts',
      point,
      resume: 'resume',
      folderOf: (count) => folderOf(`${point}-${count}`),
      onResumed: judge,
      stride: STRIDE,
    })
    console.log(`killed and resumed ${killed} runs, one at every ${STRIDE} ${point}s; ${held} things were held and let go`)
    expect(killed).toBeGreaterThanOrEqual(Math.floor(13 / STRIDE))
  },
  120_000,
)

it.each([3, 6, 9])(
  'a process that was paused at its call %i and wakes up after a take-over does nothing more (P2)',
  async (call) => {
    const folder = await folderOf(`pause-${call}`)
    const paused = await pauseAtCall(['pause', String(call), folder])
    expect(await child('child.ts', ['resume', '0', folder])).toMatchObject({
      code: 1,
      errors: expect.stringContaining('may still be performing it'),
    })
    expect(await child('child.ts', ['takeOver', '0', folder])).toMatchObject({ code: 0, errors: '' })
    const store = folderStore(folder)
    const said = store.said()
    expect(await paused.goOn()).toMatchObject({ code: 1, errors: expect.stringContaining('owned by another engine now') })
    expect(store.said()).toEqual(said)
    expect(store.names()).toEqual([])
  },
  60_000,
)
