export { type LocalOptions, localBackend, type WriteStep } from './local.ts'
export { memoryBackend } from './memory.ts'
export { arrived, backendAt, type CarriedAddress, carry } from './open.ts'
export { placeOf, type VaultPlace } from './place.ts'
