// Does a runbook get the versions of its packs, and of the runbooks that it calls, that it asks for?
import satisfies from 'semver/functions/satisfies.js'
import validRange from 'semver/ranges/valid.js'
import type { Diagnostic } from '../diagnostics/index.ts'
import { type PackUse, type Runbook, runbookCallsIn, type Step } from '../language/index.ts'
import * as codes from './codes.ts'
import type { Lock } from './lock.ts'
import type { Pack } from './model.ts'

/**
 * Packs that are not at hand are left to the runbook's own check. Of a lock, only what keeps a range from ever being met is said here;
 * that a pack at hand is another one is said by `checkLock`.
 */
export function checkUses(uses: readonly PackUse[], packs: Readonly<Record<string, Pack>>, lock?: Lock): readonly Diagnostic[] {
  return uses.flatMap(({ pack: name, range, span }) => {
    if (validRange(range) === null) return [codes.rangeInvalid(span, range)]
    const [pack, locked] = [packs[name], lock?.packs[name]]
    if (pack && !satisfies(pack.version, range)) return [codes.rangeUnmet(span, name, range, pack.version)]
    return locked && !satisfies(locked.version, range) ? [codes.lockRangeUnmet(span, name, range, locked)] : []
  })
}

/** Runbooks that are not at hand are left to the caller's own check. */
export function checkRunbookUses(steps: readonly Step[], runbook: (name: string) => Runbook | undefined): readonly Diagnostic[] {
  return runbookCallsIn(steps).flatMap(({ runbook: name, range, runbookSpan: span }) => {
    if (validRange(range) === null) return [codes.rangeInvalid(span, range)]
    const called = runbook(name)
    return !called || satisfies(called.version, range) ? [] : [codes.runbookRangeUnmet(span, name, range, called.version)]
  })
}
