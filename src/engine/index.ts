export { fastClock, systemClock } from './clock.ts'
export { createEngine } from './engine.ts'
export * from './model.ts'
