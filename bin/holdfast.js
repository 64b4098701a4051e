#!/usr/bin/env node
// Starts Holdfast and hands its exit code to the shell; decides nothing itself. It must parse on any Node, to say what is needed.
import module from 'node:module'
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
  module.enableCompileCache()
  const { main } = await import('#main')
  process.exitCode = await main(process.argv.slice(2))
}
