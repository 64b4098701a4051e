// Removes files, as far as the storage lets them go: a bucket with object lock, or a login that may only add, keeps them.
import type { Backend, FileKind } from '../backend.ts'
import { VaultError } from '../codes.ts'

/** A file that the storage does not let go, with its words. */
export interface Refused {
  readonly kind: FileKind
  readonly name: string
  readonly error: VaultError
}

/** Of work that removes what must not be needed by anybody: throws when the lock that keeps others out does so no longer. */
export interface Alone {
  readonly assertHeld: () => void
  /** The same, asked of the storage. */
  readonly assertThere: () => Promise<void>
}

/** In this order; answers those that stay because the storage refuses. Anything else that goes wrong ends it. */
export async function removeEach(
  backend: Backend,
  kind: FileKind,
  names: Iterable<string>,
  { assertHeld, assertThere }: Alone,
): Promise<readonly Refused[]> {
  const refused: Refused[] = []
  await assertThere()
  for (const name of names) {
    assertHeld()
    try {
      await backend.remove(kind, name)
    } catch (error) {
      if (!(error instanceof VaultError && error.code === 'VAULT_STORAGE_REFUSED')) throw error
      refused.push({ kind, name, error })
    }
  }
  return refused
}
