export { colouredAs, createProgram } from './program.ts'
