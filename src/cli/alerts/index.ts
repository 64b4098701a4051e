export { alertSchema } from './body.ts'
export { alertOfOwed, sayTellings } from './end-of-run.ts'
export { nameOf } from './hooks.ts'
export { type Alerting, openAlerts, type Telling, tellNothing } from './tell.ts'
