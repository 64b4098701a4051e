export { fastClock, systemClock } from './clock.ts'
export { createEngine } from './engine.ts'
export { history, replay, type Turn } from './history.ts'
export * from './model.ts'
