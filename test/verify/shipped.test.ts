// Every runbook that ships: no violation, wherever one fault strikes; two where that ends soon. Prints its figures.
import { expect, it } from 'vitest'
import { search } from '../../src/verify/index.ts'
import { shipped, subjectOf } from './shipped.ts'

/** Two faults at once end within seconds in all but these; for them see `npm run verify:all`. */
const LARGE =
  /consistency-group-backup|qemu.(vm|group)-backup|vm-backup-hotadd|smartx-cloudtower.vm-(backup|restore)|vmware-vsphere.vm-(backup|restore|import)|zstack.(scheduler-job-setup|recover|retention|vm-rollback|volume-rollback|.*-backup)/
/** And in these even with single items they do not. */
const LARGEST = /qemu.vm-backup|vm-backup-hotadd|smartx-cloudtower.vm-backup|vmware-vsphere.vm-(backup|import)|zstack/

const BOUNDS = shipped.flatMap((file) =>
  LARGE.test(file)
    ? [{ file, faults: 1, items: 2 }, ...(LARGEST.test(file) ? [] : [{ file, faults: 2, items: 1 }])]
    : [{ file, faults: 2, items: 2 }],
)

it.each(BOUNDS)(
  '$file leaves nothing behind: $faults faults, $items items [P1, P2, P3, P4, P5, P6]',
  async ({ file, faults, items }) => {
    const startedAt = performance.now()
    const bounds = { faults, maxStates: 400_000, maxViolations: 5 }
    const { violations, complete, states, transitions } = await search(subjectOf(file, items), bounds)
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    console.info(`${file}: ${faults} faults, ${items} items, ${states} states, ${transitions} transitions, ${seconds} s`)
    expect(violations).toEqual([])
    expect(complete).toBe(true)
  },
  900_000,
)
