// A vault for rehearsals: a true one, in memory, on a storage that can be full or fail.
import { randomBytes } from 'node:crypto'
import { Secret } from '../../values/index.ts'
import { type Backend, initBackend, memoryBackend, openBackend } from '../../vault/index.ts'
import type { StandIn, StandInOptions } from '../platform.ts'
import { keepOpen } from './open-vaults.ts'

/** By what the vault asks of its storage: how that can fail. */
const FAULTS: Readonly<Record<string, readonly string[]>> = { put: ['ENOSPC', 'EIO'], read: ['EIO'] }

/** Nothing in it is worth a guess, and a rehearsal makes thousands. */
const KEY_COST = 1024

interface Waiting {
  readonly operation: string
  readonly fault: string
  skip: number
}

export async function startStandIn({ seed }: StandInOptions): Promise<StandIn> {
  const asked: Record<string, number> = { put: 0, read: 0 }
  let waiting: Waiting[] = []
  const password = new Secret(randomBytes(16).toString('hex'))

  /** Throws where a fault strikes. */
  function meet(operation: string): void {
    asked[operation] = (asked[operation] ?? 0) + 1
    for (const each of waiting) {
      if (each.operation !== operation) continue
      each.skip -= 1
      if (each.skip >= 0) continue
      waiting = waiting.filter((other) => other !== each)
      throw Object.assign(new Error(`${each.fault}: the rehearsal lets this ${operation} fail`), { code: each.fault })
    }
  }

  const storage = memoryBackend()
  await initBackend(storage, password, { keyCost: KEY_COST })
  const failing: Backend = {
    ...storage,
    async put(kind, name, parts) {
      meet('put')
      await storage.put(kind, name, parts)
    },
    async read(kind, name, range) {
      meet('read')
      return storage.read(kind, name, range)
    },
  }
  const vault = await openBackend(failing, password, { threads: 0 })
  const directory = `rehearsal-${seed}-${randomBytes(4).toString('hex')}`
  const letGo = keepOpen(directory, vault)
  return {
    connection: 'block-transfer/Vault',
    settings: { directory, password },
    known: {},
    asked: () => ({ ...asked }),
    faultsOf: (operation) => FAULTS[operation] ?? [],
    strike: (operation, fault, skip) => void waiting.push({ operation, fault, skip }),
    heal: () => {
      waiting = []
    },
    leaks: async () => {
      const { problems, damagedPoints } = await vault.verify({ data: true })
      return [...problems, ...damagedPoints.map(({ id, vm }) => `restore point ${id} of ${vm ?? 'another program'} is damaged`)]
    },
    made: () => [],
    [Symbol.asyncDispose]: async () => {
      letGo()
      await vault.close()
    },
  }
}
