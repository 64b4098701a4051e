// Runs before `npm test` and `npm run demo`: a fresh clone needs no other command.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

if (!existsSync(new URL('../node_modules/.package-lock.json', import.meta.url))) {
  const npm = process.env.npm_execpath
  const [command, args] = npm ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']]
  process.exitCode = spawnSync(command, args, { stdio: 'inherit' }).status ?? 1
}
