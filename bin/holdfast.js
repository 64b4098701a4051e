#!/usr/bin/env node
// Starts Holdfast and hands its exit code to the shell; decides nothing itself.
import { main } from '#main'

process.exitCode = await main(process.argv.slice(2))
