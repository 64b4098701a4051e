// How tests run: in child processes on two workers, with `#main` and its like resolved to the sources.
import { defineConfig } from 'vitest/config'

const source = ['--conditions=source', '--disable-warning=ExperimentalWarning']

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
