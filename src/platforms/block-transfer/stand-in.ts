// A vault for rehearsals: a true one, in memory, on a storage that can be full or fail.
import { randomBytes } from 'node:crypto'
import { Secret } from '../../values/index.ts'
import { type Backend, initBackend, memoryBackend, openBackend } from '../../vault/index.ts'
import type { StandIn, StandInOptions } from '../platform.ts'
import { keepOpen } from './open-vaults.ts'

/**
 * By what the vault asks of its storage: how that can fail. `syncFails`: the file is there, but nobody may rely on it. `torn`: power is
 * lost while it is written; a part of a file never has its name (B2).
 */
const FAULTS: Readonly<Record<string, readonly string[]>> = { put: ['ENOSPC', 'EIO', 'syncFails', 'torn'], read: ['EIO'] }

/** Nothing in it is worth a guess, and a rehearsal makes thousands. */
const KEY_COST = 1024

interface Waiting {
  readonly operation: string
  readonly fault: string
  skip: number
}

export async function startStandIn({ seed, cutPower }: StandInOptions): Promise<StandIn> {
  const asked: Record<string, number> = { put: 0, read: 0 }
  let waiting: Waiting[] = []
  const password = new Secret(randomBytes(16).toString('hex'))

  /** The fault that strikes, if one does. */
  function meet(operation: string): string | undefined {
    asked[operation] = (asked[operation] ?? 0) + 1
    for (const each of waiting) {
      if (each.operation !== operation) continue
      each.skip -= 1
      if (each.skip >= 0) continue
      waiting = waiting.filter((other) => other !== each)
      return each.fault
    }
    return undefined
  }

  const storage = memoryBackend()
  await initBackend(storage, password, { keyCost: KEY_COST })

  /** The storage as one process sees it, for as long as that lives. */
  function seenBy(process: { opens: boolean; dead: boolean }): Backend {
    const nothing = new Promise<never>(() => {})
    return {
      ...storage,
      async put(kind, name, parts) {
        const fault = process.dead ? 'torn' : meet('put')
        if (fault === 'torn') {
          if (!process.dead) cutPower()
          return nothing
        }
        if (fault !== undefined && fault !== 'syncFails') throw failed(fault, 'put')
        await storage.put(kind, name, parts)
        if (fault !== undefined) throw failed('EIO', 'fsync')
      },
      async read(kind, name, range) {
        if (process.dead) return nothing
        const fault = process.opens ? undefined : meet('read')
        if (fault !== undefined) throw failed(fault, 'read')
        return storage.read(kind, name, range)
      },
      async remove(kind, name) {
        if (!process.dead) await storage.remove(kind, name)
      },
    }
  }

  async function opened() {
    // Faults strike the calls of actions; that a vault cannot even be opened ends no rehearsal.
    const process = { opens: true, dead: false }
    const vault = await openBackend(seenBy(process), password, { threads: 0 })
    process.opens = false
    const letGo = keepOpen(directory, vault)
    return { process, vault, letGo }
  }

  const directory = `rehearsal-${seed}-${randomBytes(4).toString('hex')}`
  let current = await opened()
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
    restarted: async () => {
      current.process.dead = true
      current.letGo()
      // What is under way in it never ends.
      void current.vault.close()
      current = await opened()
    },
    // As somebody sees it who comes later: what an open vault could not read once it remembers.
    leaks: async () => {
      const later = await openBackend(storage, password, { threads: 0 })
      const { problems, damagedPoints } = await later.verify({ data: true })
      await later.close()
      return [...problems, ...damagedPoints.map(({ id, vm }) => `restore point ${id} of ${vm ?? 'another program'} is damaged`)]
    },
    made: () => [],
    [Symbol.asyncDispose]: async () => {
      current.letGo()
      await current.vault.close()
    },
  }
}

const failed = (code: string, call: string): Error =>
  Object.assign(new Error(`${code}: the rehearsal lets this ${call} fail`), { code })
