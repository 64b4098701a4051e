// Runs the tests of real machines up to a tier (`npm run test:tiers -- 2`, and options of vitest behind it), or lists them.
import { spawnSync } from 'node:child_process'
import { TIERS, tieredFiles } from '../test/peers/tiers.ts'

const [highest, ...options] = process.argv.slice(2)
const files = tieredFiles()

for (const { tier, title, needs } of TIERS) {
  if (highest !== undefined && tier > Number(highest)) continue
  console.log(`tier ${tier}: ${title}${tier === 0 ? '' : ` (${needs.join(', ')})`}`)
  for (const { file } of files.filter((each) => each.tier === tier)) console.log(`  ${file}`)
}
if (highest !== undefined) {
  const chosen = files.filter(({ tier }) => tier <= Number(highest)).map(({ file }) => file)
  const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...options, ...chosen], {
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
}
