// ZStack in code: the login, handlers that read text and choose among backups, and the simulator on demand.
import type { Handlers } from '../../packs/index.ts'
import type { JsonObject } from '../../values/index.ts'
import type { Platform } from '../platform.ts'
import { chooseExpired, chooseForSite, newestDatabase } from './choose.ts'
import { explainHistories } from './history.ts'
import { readInventory, readMetadata } from './inventories.ts'
import { login } from './login.ts'

const handlers: Handlers = {
  'zstack/history.explain': async (input) => explainHistories(input),
  'zstack/databaseBackup.newest': async (input) => newestDatabase(input),
  'zstack/site.choose': async (input) => chooseForSite(input),
  'zstack/retention.choose': async (input) => chooseExpired(input),
  'zstack/metadata.read': async ({ backups }) => ({
    read: (backups as readonly { uuid: string; metadata: string }[]).map(({ uuid, metadata }): JsonObject => {
      const read = readMetadata(metadata)
      return { uuid, readable: read !== undefined, metadata: read ?? {} }
    }),
  }),
  'zstack/inventory.read': async ({ text }) => ({ ...readInventory(String(text)) }),
}

export const zstack: Platform = {
  pack: 'zstack',
  handlers,
  logins: { 'zstack/login': login },
  demo: async () => (await import('./simulator/demo.ts')).startDemo,
  standIn: async () => (await import('./simulator/index.ts')).startStandIn,
  disasters: { 'the site is lost': async () => (await import('./simulator/index.ts')).startLostSite },
  simulator: async () => (await import('./simulator/index.ts')).simulator,
}
