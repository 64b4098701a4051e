// Sangfor SCP in code: the login, two handlers, and the simulator on demand.
import type { Platform } from '../platform.ts'
import { handlers } from './disks.ts'
import { login } from './login.ts'
import { proxyHandlers } from './proxies.ts'

export const sangforScp: Platform = {
  pack: 'sangfor-scp',
  handlers: { ...handlers, ...proxyHandlers },
  logins: { 'sangfor-scp/login': login },
  standIn: async () => (await import('./simulator/index.ts')).startStandIn,
  demo: async () => (await import('./simulator/demo.ts')).startDemo,
  simulator: async () => (await import('./simulator/index.ts')).simulator,
}
