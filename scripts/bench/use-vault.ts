// One piece of work with a vault, measured: `use-vault.ts backup|restore|verify FOLDER [ADDRESS|TARGET]`.
import { join } from 'node:path'
import { type DiskAddress, type Extent, openSource } from '../../src/blocks/index.ts'
import { Secret } from '../../src/values/index.ts'
import { initVault, openVault, type Vault } from '../../src/vault/index.ts'
import { reportMeasured } from './contest.ts'

const PASSWORD = new Secret('bench')

const [, , work = '', folder = '', where = ''] = process.argv
const directory = join(folder, 'vault')
if (work === 'backup') await initVault(directory, PASSWORD)
await reportMeasured(async () => {
  await using vault = await openVault(directory, PASSWORD)
  switch (work) {
    case 'backup':
      return await backUp(vault, JSON.parse(where) as DiskAddress)
    case 'restore':
      return await vault.restoreDisk({ pointId: 'latest', disk: 'ide0', target: { kind: 'file', path: where } })
    case 'verify': {
      const report = await vault.verify({ data: true })
      if (report.problems.length > 0 || report.damagedPoints.length > 0) throw new Error(JSON.stringify(report))
      return report
    }
    default:
      throw new Error(`no such work: ${work}`)
  }
})

async function backUp(vault: Vault, address: DiskAddress): Promise<void> {
  const { sizeBytes, map } = await describe(address)
  const stored = await vault.storeDisk({ disk: 'ide0', sizeBytes, source: address, map })
  await vault.commitPoint({
    run: String(process.pid),
    vm: 'bench',
    name: 'bench',
    platform: {},
    level: 'full',
    consistency: 'crash',
    config: {},
    disks: [{ disk: 'ide0', treeId: stored.treeId, sizeBytes }],
  })
}

async function describe(address: DiskAddress): Promise<{ readonly sizeBytes: number; readonly map: readonly Extent[] }> {
  await using source = await openSource(address)
  const { sizeBytes } = source
  const map: Extent[] = []
  for (let at = 0; at < sizeBytes; at = map.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0))
    map.push(...(await source.extents(at, sizeBytes - at)))
  return { sizeBytes, map }
}
