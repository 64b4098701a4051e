// What comparisons of plans answer: plain data, for people and programs.
import type { Json } from '../../values/index.ts'
import type { Basis } from '../model.ts'

/** One difference between a plan and another, or what a run would do now. */
export interface Change {
  readonly about: 'runbook' | 'document' | 'input' | 'target' | 'step' | 'hold' | 'lock' | 'affected' | 'total'
  /** Path of a step or hold, name of an input, target, document or lock, kind and id of what is affected; `run` for the whole. */
  readonly at: string
  readonly kind: 'added' | 'removed' | 'moved' | 'changed'
  /** Which part of it, such as `input.level`; absent where all of it was added, removed or moved. */
  readonly what?: string
  readonly was?: Json
  readonly is?: Json
}

export interface PlanDiff {
  readonly format: 1
  readonly old: PlanName
  readonly new: PlanName
  readonly same: boolean
  readonly changes: readonly Change[]
}

export interface PlanName {
  readonly runbook: string
  readonly version: string
  readonly basis: Basis
}
