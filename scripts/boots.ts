// Backs up a real guest that writes, restores it, boots what was restored, and compares what it is worth with what its point claims, in three ways
// by turns: `npm run boots -- 20` (how often).
import { availableParallelism, cpus } from 'node:os'
import { openBoots } from '../test/platforms/qemu/boots.ts'

const [count = '20'] = process.argv.slice(2)
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`)
const startedAt = performance.now()
await using boots = await openBoots()
let asClaimed = 0
for (let number = 1; number <= Number(count); number += 1) {
  const { level, claimed, measured } = await boots.next()
  const isSo = level === claimed && claimed === measured.level
  if (isSo) asClaimed += 1
  console.log(`${number}: ${claimed} claimed, ${measured.level} measured (journal ${measured.journal}, table ${measured.table})`)
}
console.log(
  `${asClaimed} of ${count} restored guests boot and are worth what was claimed; ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
)
if (asClaimed < Number(count)) process.exitCode = 1
