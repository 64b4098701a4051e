export type { Name, Sum } from './lines.ts'
export { createNamer, type Namer } from './namer.ts'
export type { Known } from './part.ts'
