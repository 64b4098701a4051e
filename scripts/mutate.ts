// Spoils single tokens of the shipped runbooks at random and counts what `holdfast check` notices before anything runs.
// Usage: npm run mutate [-- --seed 1 --count 200 --all], or with --write into docs/guide/what-check-catches.md.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { randomFrom } from './mutate/corrupt.ts'
import { checkerOver, experiment } from './mutate/judge.ts'
import { asMarkdown, asText } from './mutate/report.ts'
import { shippedCatalogue, shippedRunbooks } from './mutate/shipped.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '200' },
    all: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const sources = shippedRunbooks()
const outcome = experiment(sources, checkerOver(await shippedCatalogue()), Number(values.count), randomFrom(seed))

console.log(asText(outcome, seed, values.all))
if (values.write)
  writeFileSync(join(import.meta.dirname, '../docs/guide/what-check-catches.md'), asMarkdown(outcome, seed, sources.length))
