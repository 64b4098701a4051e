// What must hold after a backup of `vault-interrupted.ts` was ended, whatever ended it.
import { expect } from 'vitest'
import { readBack } from '../vault/world.ts'
import { AFTER, BEFORE, backUpAgain, openAt } from './vault-interrupted.ts'

/** The earlier point is whole, nothing visible is damaged, and the same backup then succeeds. */
export async function expectIntact(directory: string, folder: string, firstId: string): Promise<void> {
  const vault = await openAt(directory)
  try {
    expect(await vault.verify({ data: true })).toMatchObject({ problems: [], damagedPoints: [] })
    const points = await vault.points()
    expect(points.at(-1)?.id).toBe(firstId)
    expect((await readBack(vault, firstId)).equals(BEFORE)).toBe(true)
    for (const { id, run: by } of points) if (by === 'run-2') expect((await readBack(vault, id)).equals(AFTER)).toBe(true)
    const second = await backUpAgain(vault, folder, firstId)
    expect((await readBack(vault, second.id)).equals(AFTER)).toBe(true)
    expect(await vault.points()).toHaveLength(2)
  } finally {
    await vault.close()
  }
}
