// Spoils single tokens of the shipped runbooks at random and counts what `holdfast check` notices before anything runs.
// Usage: npm run mutate [-- --seed 1 --count 200 --all]
import { parseArgs } from 'node:util'
import { CORRUPTIONS, randomFrom } from './mutate/corrupt.ts'
import { checkerOver, experiment, type Judged, shareCaught } from './mutate/judge.ts'
import { shippedCatalogue, shippedRunbooks } from './mutate/shipped.ts'

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, count: { type: 'string', default: '200' }, all: { type: 'boolean' } },
})
const seed = Number(values.seed)
const { judged, equivalent } = experiment(
  shippedRunbooks(),
  checkerOver(await shippedCatalogue()),
  Number(values.count),
  randomFrom(seed),
)

console.log(`seed ${seed}: ${judged.length} mutants; ${equivalent} more draws changed nothing that a run could tell`)
console.log(table('corruption', CORRUPTIONS, ({ mutant }) => mutant.corruption))
const classes = [...new Set(judged.map(({ mutant }) => mutant.class))].toSorted()
console.log(table('token', classes, ({ mutant }) => mutant.class))
console.log(`caught: ${judged.filter(({ caught }) => caught).length} of ${judged.length}, ${shareCaught(judged).toFixed(1)} %`)
for (const each of judged.filter(({ caught }) => values.all === true || !caught)) console.log(worded(each))

function table(title: string, names: readonly string[], nameOf: (judged: Judged) => string): string {
  const rows = names.map((name) => {
    const those = judged.filter((each) => nameOf(each) === name)
    const caught = those.filter((each) => each.caught)
    return `${name.padEnd(12)} ${String(caught.length).padStart(5)} of ${String(those.length).padStart(4)}  ${shareCaught(those).toFixed(0).padStart(4)} %`
  })
  return [`\nby ${title}`, ...rows, ''].join('\n')
}

function worded({ mutant: { file, corruption, class: kind, from, to }, line, code }: Judged): string {
  return `${code ?? 'survives'}  ${file}:${line}  ${corruption} ${kind}  ${JSON.stringify(from)} → ${JSON.stringify(to)}`
}
