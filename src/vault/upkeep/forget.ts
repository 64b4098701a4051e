// Removes restore points, by rule or by name. What they held stays in the vault until it is pruned.
// FG1: a point's trees are its own to the last chunk, so no other point ever needs one that is forgotten: an incremental outlives its base.
import { forgetRuleMissing } from '../codes.ts'
import { findSummary, listPoints, type PointSummary } from '../points/index.ts'
import type { Repository } from '../repository/index.ts'
import { applyRules, hasRule, type KeepRules } from './keep-rules.ts'
import { type Alone, removeEach } from './remove-each.ts'

export interface ForgetRequest {
  /** Rules apply to the points of each VM and kind apart. */
  readonly rules?: KeepRules
  /** Ids or unambiguous beginnings: these go, whatever the rules. */
  readonly pointIds?: readonly string[]
  readonly vm?: string
  /** Says what would go, and removes nothing. */
  readonly dryRun: boolean
}

export interface Forgotten {
  /** Newest first. */
  readonly removed: readonly PointSummary[]
  /** Of the VM that was named, or of all. */
  readonly kept: readonly KeptPoint[]
  /** Those that should go and stay, because the storage does not let them go; with its words. */
  readonly refused: readonly { readonly point: PointSummary; readonly reason: string }[]
}

export interface KeptPoint {
  readonly point: PointSummary
  /** Rules that keep it; none where no rule was given. */
  readonly reasons: readonly string[]
}

/** The caller holds the exclusive lock. */
export async function forgetPoints(repository: Repository, request: ForgetRequest & Alone, nowMs: number): Promise<Forgotten> {
  const { rules = {}, pointIds = [], vm, dryRun } = request
  if (pointIds.length === 0 && !hasRule(rules)) throw forgetRuleMissing()
  const all = await listPoints(repository)
  const named = new Set(pointIds.map((wanted) => findSummary(all, wanted, { vm, nowMs }).id))
  const removed = new Set(named)
  const kept: KeptPoint[] = []
  const asked = all.filter((point) => vm === undefined || point.vm === vm)
  const groups = Map.groupBy(asked, (point) => `${point.kind} ${point.vm}`)
  const ruled = hasRule(rules)
  for (const points of groups.values()) {
    const reasons = ruled ? applyRules(points, rules, nowMs) : []
    for (const [i, point] of points.entries()) {
      const why = reasons[i] ?? []
      if (named.has(point.id)) continue
      if (ruled && why.length === 0) removed.add(point.id)
      else kept.push({ point, reasons: why })
    }
  }
  const gone = all.filter(({ id }) => removed.has(id))
  // Oldest first: whatever ends this half way, what a rule would keep longest is still there.
  const names = gone.map(({ id }) => id).toReversed()
  const refused = new Map(
    (dryRun ? [] : await removeEach(repository.backend, 'snapshot', names, request)).map(({ name, error }) => [
      name,
      error.message,
    ]),
  )
  return {
    removed: gone.filter(({ id }) => !refused.has(id)),
    kept: kept.sort((a, b) => b.point.timeMs - a.point.timeMs),
    refused: gone.flatMap((point) => {
      const reason = refused.get(point.id)
      return reason === undefined ? [] : [{ point, reason }]
    }),
  }
}
