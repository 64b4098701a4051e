// Which points stay when old ones are forgotten: restic's rules, over days and months in UTC. Pure.
// Source: restic, doc/060_forget.rst, "Removing snapshots according to a policy"; internal/restic/snapshot_policy.go.
import { isFromFuture } from '../points/index.ts'

export interface KeepRules {
  /** The newest so many. */
  readonly last?: number
  /** The newest of each of the last so many hours, days … that have one. */
  readonly hourly?: number
  readonly daily?: number
  readonly weekly?: number
  readonly monthly?: number
  readonly yearly?: number
  /** All that are younger than the newest by less than this. */
  readonly withinMs?: number
}

export interface Moment {
  readonly timeMs: number
}

type Period = Exclude<keyof KeepRules, 'withinMs'>

/** What two points have in common when they are of the same hour, day …; of `last`, nothing. */
const BUCKETS: Readonly<Record<Period, (time: Date, index: number) => string>> = {
  last: (_, index) => String(index),
  hourly: (time) => time.toISOString().slice(0, 13),
  daily: (time) => time.toISOString().slice(0, 10),
  weekly: isoWeek,
  monthly: (time) => time.toISOString().slice(0, 7),
  yearly: (time) => time.toISOString().slice(0, 4),
}

/** ISO 8601: a week belongs to the year of its Thursday. */
function isoWeek(time: Date): string {
  const thursday = new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate()))
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7))
  const newYear = Date.UTC(thursday.getUTCFullYear(), 0, 1)
  return `${thursday.getUTCFullYear()}-W${Math.ceil(((thursday.getTime() - newYear) / 86_400_000 + 1) / 7)}`
}

export const hasRule = (rules: KeepRules): boolean => Object.values(rules).some((value) => value !== undefined && value > 0)

/**
 * The reasons why each point stays, in the order given, which is newest first; a point without any goes. One that a clock in the future has
 * dated stays and counts for no rule: else it would be the newest until then, in place of each backup that is made.
 */
export function applyRules(points: readonly Moment[], rules: KeepRules, nowMs: number): readonly (readonly string[])[] {
  const future = points.filter((point) => isFromFuture(point, nowMs))
  return [...future.map(() => ['future']), ...applyToPast(points.slice(future.length), rules)]
}

function applyToPast(points: readonly Moment[], rules: KeepRules): readonly (readonly string[])[] {
  const reasons: string[][] = points.map(() => [])
  const newestMs = points[0]?.timeMs ?? 0
  for (const [i, { timeMs }] of points.entries()) {
    if (rules.withinMs !== undefined && timeMs > newestMs - rules.withinMs) reasons[i]?.push('within')
  }
  for (const [period, bucketOf] of Object.entries(BUCKETS)) {
    let left = rules[period as Period] ?? 0
    let last: string | undefined
    for (const [i, { timeMs }] of points.entries()) {
      if (left === 0) break
      const bucket = bucketOf(new Date(timeMs), i)
      // The oldest point stays while some are left to keep, so that the history reaches as far back as it can.
      if (bucket === last && i < points.length - 1) continue
      last = bucket
      left -= 1
      reasons[i]?.push(period)
    }
  }
  return reasons
}
