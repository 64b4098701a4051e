export { alertSchema } from './body.ts'
export { nameOf } from './hooks.ts'
export { type Alerting, openAlerts, type Telling, tellNothing } from './tell.ts'
