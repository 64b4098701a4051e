export * from './action.ts'
export type * from './model.ts'
