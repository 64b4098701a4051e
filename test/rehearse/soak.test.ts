// Two hours of backups with faults all the time; `npm run soak` takes a day of two hundred VMs.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { soak } from './soak.ts'

it('hours of backups in which one call in twenty goes wrong leave nothing behind, and renew their leases (P2, P3, P6)', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-soak-'))
  try {
    const { hours, points, renewals, faults, problems } = await soak({ hours: 2, vms: 12, faultRate: 0.05, seed: 'soak', folder })
    expect(hours.flatMap(({ leaks }) => leaks)).toEqual([])
    expect(problems).toEqual([])
    expect(hours.map(({ status }) => status)).not.toContain('stuck')
    expect(points).toBeGreaterThan(0)
    expect(renewals).toBeGreaterThan(points)
    expect(Object.keys(faults).length).toBeGreaterThan(5)
  } finally {
    await rm(folder, { recursive: true })
  }
}, 60_000)
