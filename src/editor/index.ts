export { type EditorOptions, serveEditor } from './server.ts'
export type { Checked, View, Workspace } from './workspace.ts'
