export { winrmChannel } from './channel.ts'
export { WinrmFailed } from './failed.ts'
