export { checkRunbook } from './check.ts'
