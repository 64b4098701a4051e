// How tests run: in child processes on two workers, with `#main` and its like resolved to the sources.
import { setFlagsFromString } from 'node:v8'
import { defineConfig } from 'vitest/config'

// docs/decisions/0032 and 0036: two compilers of V8 can take a process of Node 24 down. Here they are switched off for the runner, below for its
// children.
const SAFE = ['--no-sparkplug', '--wasm-wrapper-tiering-budget=1000000000']
for (const flag of SAFE) setFlagsFromString(flag)

const source = [...SAFE, '--conditions=source', '--disable-warning=ExperimentalWarning']

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    execArgv: source,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
  },
})
