export { checkFile } from './check-file.ts'
export { createWorkspace } from './editor-workspace.ts'
export { untilInterrupted } from './until-interrupted.ts'
