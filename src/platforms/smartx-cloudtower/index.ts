// SmartX CloudTower in code: the login, the ZADP handlers, and the simulator on demand.
import type { Platform } from '../platform.ts'
import { login } from './login.ts'
import { nbdTransport } from './nbd-transport.ts'
import { zadpHandlers } from './zadp.ts'

export const smartxCloudtower: Platform = {
  pack: 'smartx-cloudtower',
  handlers: zadpHandlers(nbdTransport),
  logins: { 'smartx-cloudtower/login': login },
  demo: async () => (await import('./simulator/demo.ts')).startDemo,
  standIn: async () => (await import('./simulator/index.ts')).startStandIn,
  simulator: async () => (await import('./simulator/index.ts')).simulator,
}
