// The whole of Holdfast around the simulator.
import {
  startTowerSimulator,
  type TowerOptions,
  type TowerSimulator,
} from '../../../src/platforms/smartx-cloudtower/simulator/index.ts'
import { loadPacks, runbooksOf } from '../runbooks.ts'
import { type BareStage, openStage, type Settings } from '../stage.ts'

export { MIB } from '../stage.ts'

export const runbooks = runbooksOf('smartx-cloudtower', await loadPacks('core', 'block-transfer', 'smartx-cloudtower'))

export interface Stage extends BareStage {
  readonly tower: TowerSimulator
}

const RATE = 100

interface StageOptions extends TowerOptions {
  readonly login?: 'password' | 'key'
  readonly settings?: Settings
}

export async function startStage({ login = 'password', settings = {}, ...options }: StageOptions = {}): Promise<Stage> {
  const tower = await startTowerSimulator({ seed: 'stage', ...options, rate: 0 })
  const chosen = login === 'key' ? tower.keySettings : tower.settings
  const cloud = { type: 'smartx-cloudtower/Connection', settings: { ...chosen, ...settings } }
  const stage = await openStage({ runbooks, rate: RATE, platform: tower.clock, targets: { cloud } })
  return {
    ...stage,
    tower,
    [Symbol.asyncDispose]: async () => {
      await stage[Symbol.asyncDispose]()
      await tower[Symbol.asyncDispose]()
    },
  }
}
