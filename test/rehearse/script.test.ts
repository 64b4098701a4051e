// Rehearsal files: what they can say, and that any run can be saved as one and plays again as it was.
import { describe, expect, it } from 'vitest'
import { coreHandlers } from '../../src/platforms/core/index.ts'
import { platforms } from '../../src/platforms/index.ts'
import { drawFaults, groundOf } from '../../src/rehearse/draw.ts'
import type { Fault } from '../../src/rehearse/model.ts'
import { perform, rehearseOnce, strike } from '../../src/rehearse/perform.ts'
import type { Script } from '../../src/rehearse/script/model.ts'
import { playScript } from '../../src/rehearse/script/play.ts'
import { scriptOf } from '../../src/rehearse/script/save.ts'
import { openStage } from '../../src/rehearse/stage.ts'
import type { JsonObject } from '../../src/values/index.ts'
import { sceneOf } from './scenes.ts'

const scene = sceneOf('vm-backup')

/** A run of vm-backup on stand-ins, with these faults, as a script. */
async function saved(faults: readonly Fault[]): Promise<Script> {
  await using opened = new AsyncDisposableStack()
  const stage = await openStage(platforms, [scene], 'saved', opened)
  const known: JsonObject = Object.assign({}, ...stage.standIns.map((standIn) => standIn.known))
  strike(stage, faults)
  await perform(stage, scene, scene.inputs(known), faults, 'saved-run')
  const script = await scriptOf(stage.journal, 'saved-run', 'sangfor-scp/vm-backup')
  if (!script) throw new Error('the run has not ended')
  return script
}

const play = (script: Script) =>
  playScript({
    script,
    start: scene.start,
    targets: scene.targets,
    inputs: (script.inputs ?? {}) as JsonObject,
    pure: coreHandlers,
  })

describe('a run that was saved', () => {
  it('plays again as it was', async () => {
    const script = await saved([])
    expect(script.expect).toMatchObject({ status: 'succeeded', changes: expect.arrayContaining(['release backup/snap']) })
    expect((await play(script)).problems).toEqual([])
  })

  it('plays again as it was, whatever went wrong in it', async () => {
    const { standIns, ...plain } = await rehearseOnce({ platforms, seed: 'saved', before: [], scene }, 0, [])
    const ground = groundOf(plain, standIns)
    for (let number = 1; number <= 12; number += 1) {
      // Time that a clock was set by is none that passed, and a script can only say that time passed.
      const faults = drawFaults(ground, 'saved', number, 2).map((fault) =>
        fault.kind === 'crash' ? { ...fault, clockSetByMs: 0 } : fault,
      )
      const script = await saved(faults)
      expect({ number, faults, problems: (await play(script)).problems }).toEqual({ number, faults, problems: [] })
    }
  })
})
