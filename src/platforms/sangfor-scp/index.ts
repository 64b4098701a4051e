// Sangfor SCP in code: the login, handlers for what is no call, and the simulator on demand.
import type { Platform } from '../platform.ts'
import { bridgeHandlers } from './bridges.ts'
import { handlers } from './disks.ts'
import { login } from './login.ts'
import { nfsImageHandlers } from './nfs-images.ts'
import { proxyHandlers } from './proxies.ts'

export const sangforScp: Platform = {
  pack: 'sangfor-scp',
  handlers: { ...handlers, ...proxyHandlers, ...bridgeHandlers, ...nfsImageHandlers },
  logins: { 'sangfor-scp/login': login },
  standIn: async () => (await import('./simulator/index.ts')).startStandIn,
  demo: async () => (await import('./simulator/demo.ts')).startDemo,
  simulator: async () => (await import('./simulator/index.ts')).simulator,
}
