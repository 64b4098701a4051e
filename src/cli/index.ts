export { EXIT_CODES, type ExitCode } from './exit-codes.ts'
export type { Host, Output } from './host.ts'
export { runCli } from './run-cli.ts'
export { watchFolders } from './watch-folders.ts'
