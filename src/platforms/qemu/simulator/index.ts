export { startStandIn } from './stand-in.ts'
