// One piece of work with a vault, measured: `use-vault.ts full|incremental|restore|verify VAULT [ADDRESS] [MAP | TARGET]`.
import { existsSync, readFileSync } from 'node:fs'
import { type DiskAddress, type Extent, openSource, totalBytes } from '../../src/blocks/index.ts'
import { Secret } from '../../src/values/index.ts'
import { initVault, openVault, type Vault } from '../../src/vault/index.ts'
import { type Measured, reportMeasured } from './measure.ts'

const PASSWORD = new Secret('bench')
const DISK = 'ide0'

const [, , work = '', directory = '', address = '', mapFile = ''] = process.argv
if (work === 'full' && !existsSync(directory)) await initVault(directory, PASSWORD)
await reportMeasured(async () => {
  const changes = work === 'incremental' ? (JSON.parse(readFileSync(mapFile, 'utf8')) as readonly Extent[]) : undefined
  await using vault = await openVault(directory, PASSWORD, { toWork: changes ? totalBytes(changes, 'data') : true })
  switch (work) {
    case 'full':
    case 'incremental':
      return await backUp(vault, JSON.parse(address) as DiskAddress, changes)
    case 'restore':
      await vault.restoreDisk({ pointId: 'latest', disk: DISK, target: { kind: 'file', path: address } })
      return undefined
    case 'verify': {
      const report = await vault.verify({ data: true })
      if (report.problems.length > 0 || report.damagedPoints.length > 0) throw new Error(JSON.stringify(report))
      return { bytesRead: report.bytesRead }
    }
    default:
      throw new Error(`no such work: ${work}`)
  }
})

/** An incremental of the latest point where there is a map of changes, else a full. */
async function backUp(vault: Vault, source: DiskAddress, changes?: readonly Extent[]): Promise<Measured['figures']> {
  const { sizeBytes, map } = await describe(source)
  const base = changes && { pointId: (await vault.point('latest')).id, disk: DISK }
  const stored = await vault.storeDisk({ disk: DISK, sizeBytes, source, map: changes ?? map, ...(base ? { base } : {}) })
  await vault.commitPoint({
    run: String(process.pid),
    vm: 'bench',
    name: 'bench',
    platform: {},
    level: changes ? 'incremental' : 'full',
    ...(base ? { parent: base.pointId } : {}),
    consistency: 'crash',
    config: {},
    disks: [{ disk: DISK, treeId: stored.treeId, sizeBytes }],
  })
  const { bytesRead, bytesStored, bytesUnchanged } = stored
  return { sizeBytes, bytesRead, bytesStored, bytesUnchanged }
}

async function describe(address: DiskAddress): Promise<{ readonly sizeBytes: number; readonly map: readonly Extent[] }> {
  await using source = await openSource(address)
  const { sizeBytes } = source
  const map: Extent[] = []
  for (let at = 0; at < sizeBytes; at = map.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0))
    map.push(...(await source.extents(at, sizeBytes - at)))
  return { sizeBytes, map }
}
