#!/usr/bin/env node
// Starts Holdfast and hands its exit code to the shell; decides nothing itself. It must parse on any Node, to say what is needed.
import { existsSync, mkdirSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setFlagsFromString } from 'node:v8'

const NODE_NEEDED = 24

if (Number.parseInt(process.versions.node, 10) < NODE_NEEDED) {
  console.error(`Holdfast needs Node ${NODE_NEEDED} or newer; this is Node ${process.versions.node} (${process.execPath}).`)
  console.error(
    'Install a current Node from https://nodejs.org, or let npm bring one: npx --package=node@24 --package=holdfast holdfast',
  )
  process.exitCode = 2
} else {
  // In Node 24 a collection of garbage can kill a process whose functions V8's first compiler has compiled: docs/decisions/0032.
  setFlagsFromString('--no-sparkplug')
  // So can threads that compile their calls out of WebAssembly at once: docs/decisions/0036.
  setFlagsFromString('--wasm-wrapper-tiering-budget=1000000000')
  keepCompiled()
  const { main } = await import('#main')
  process.exitCode = await main(process.argv.slice(2))
}

/** In a folder of this user's alone: what lies in Node's own, below /tmp, others may have put there, and it would be run. */
function keepCompiled() {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'holdfast', 'compiled')
  try {
    makeFolder(folder)
    module.enableCompileCache(folder)
  } catch {
    // Where nothing can be kept, all is compiled each time.
  }
}

/** Node's `recursive` would never end where nothing can be made in a folder that is there, as in one of an automounter. */
function makeFolder(folder) {
  if (existsSync(folder)) return
  if (!existsSync(dirname(folder))) makeFolder(dirname(folder))
  mkdirSync(folder, { mode: 0o700 })
}
