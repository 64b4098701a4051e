// Kernels, manifests and runbooks that are broken on purpose. A judge that lets one of them pass proves nothing about the rest.
import type { Verdict } from '../../../src/verify/index.ts'
import { verify } from '../runbooks.ts'
import type { Canary } from './broken.ts'
import { RUNBOOKS } from './cannot-work.ts'
import { KERNELS } from './kernels.ts'
import { MANIFESTS } from './manifests.ts'

export type { Canary } from './broken.ts'

export const CANARIES: Readonly<Record<string, readonly Canary[]>> = {
  'a broken kernel': KERNELS,
  'a wrong manifest': MANIFESTS,
  'a runbook that cannot work': RUNBOOKS,
}

/** The promises that verify finds broken. */
export async function foundIn({
  subject,
  faults = 1,
}: Canary): Promise<Pick<Verdict, 'violations'> & { readonly said: readonly string[] }> {
  const { violations } = await verify(subject, { faults })
  return { violations, said: violations.flatMap((each) => each.violations.map(({ promise }) => promise)) }
}
