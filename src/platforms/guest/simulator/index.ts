export { startSimulated, startStandIn } from './stand-in.ts'
