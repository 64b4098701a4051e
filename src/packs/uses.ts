// Does a runbook get the versions of its packs that it asks for?
import satisfies from 'semver/functions/satisfies.js'
import validRange from 'semver/ranges/valid.js'
import type { Diagnostic } from '../diagnostics/index.ts'
import type { PackUse } from '../language/index.ts'
import * as codes from './codes.ts'
import type { Pack } from './model.ts'

/** Packs that are not at hand are left to the runbook's own check. */
export function checkUses(uses: readonly PackUse[], packs: Readonly<Record<string, Pack>>): readonly Diagnostic[] {
  return uses.flatMap(({ pack: name, range, span }) => {
    if (validRange(range) === null) return [codes.rangeInvalid(span, range)]
    const pack = packs[name]
    return !pack || satisfies(pack.version, range) ? [] : [codes.rangeUnmet(span, name, range, pack.version)]
  })
}
