#!/usr/bin/env node
// Starts Holdfast and hands its exit code to the shell; decides nothing itself. It must parse on any Node, to say what is needed.
import module from 'node:module'

const NODE_NEEDED = 24

if (Number.parseInt(process.versions.node, 10) < NODE_NEEDED) {
  console.error(`Holdfast needs Node ${NODE_NEEDED} or newer; this is Node ${process.versions.node} (${process.execPath}).`)
  console.error(
    'Install a current Node from https://nodejs.org, or let npm bring one: npx --package=node@24 --package=holdfast holdfast',
  )
  process.exitCode = 2
} else {
  module.enableCompileCache()
  const { main } = await import('#main')
  process.exitCode = await main(process.argv.slice(2))
}
