// Which backups: the newest to rebuild a data centre of, the expired to delete. Works on inventories as they were read, calls nothing.
import type { JsonObject } from '../../values/index.ts'
import { readMetadata } from './inventories.ts'

interface Row {
  readonly uuid: string
  readonly name: string
  readonly state?: string
  readonly status?: string
  readonly createDate?: string
  readonly backupStorageRefs: readonly { readonly backupStorageUuid: string; readonly status: string }[]
}

interface VolumeRow extends Row {
  readonly volumeUuid: string
  readonly vmInstanceUuid?: string
  readonly type: string
  readonly metadata?: string
  readonly groupUuid?: string
  readonly mode?: string
}

interface DatabaseFound {
  readonly name: string
  readonly version: string
  readonly installPath: string
  readonly createdTime?: string
}

/** Of the version that runs, for no other is recovered; the one that is asked for, else the newest. */
export function newestDatabase({ backups, version, installPath }: JsonObject): JsonObject {
  const found = backups as unknown as readonly DatabaseFound[]
  const fitting = found.filter(
    (each) => each.version === version && (installPath === undefined || each.installPath === installPath),
  )
  const [newest] = fitting.toSorted((one, other) => compare(timeOf(other.createdTime), timeOf(one.createdTime)))
  const versions = [...new Set(found.map((each) => each.version))]
  if (!newest) return { found: false, versions }
  const { name, createdTime } = newest
  return { found: true, installPath: newest.installPath, name, ...(createdTime === undefined ? {} : { createdTime }), versions }
}

/** The newest backup that is whole on the storage: of each VM, and of each data volume that is in none of those. */
export function chooseForSite({ backups, storageUuid }: JsonObject): JsonObject {
  const rows = newestFirst(backups as unknown as readonly VolumeRow[])
  const usable = (row: VolumeRow) => row.state === 'Enabled' && row.status === 'Ready' && isReadyOn(row, String(storageUuid))
  const vms = new Map<string, JsonObject>()
  const covered = new Set<string>()
  for (const row of rows) {
    const { vmInstanceUuid: vmUuid, groupUuid, type, createDate = '' } = row
    if (vmUuid === undefined || groupUuid === undefined || type !== 'Root' || vms.has(vmUuid)) continue
    const group = rows.filter((each) => each.groupUuid === groupUuid)
    if (!group.every(usable)) continue
    vms.set(vmUuid, { vmUuid, name: textIn(row, 'vmName') ?? vmUuid, groupUuid, createDate })
    for (const { volumeUuid } of group) covered.add(volumeUuid)
  }
  const volumes = new Map<string, JsonObject>()
  const uncovered = new Set<string>()
  for (const row of rows.filter(usable)) {
    const { uuid, volumeUuid, type, createDate = '' } = row
    if (covered.has(volumeUuid) || volumes.has(volumeUuid)) continue
    if (type === 'Root') uncovered.add(volumeUuid)
    else volumes.set(volumeUuid, { volumeUuid, name: textIn(row, 'name') ?? volumeUuid, backupUuid: uuid, createDate })
  }
  return { vms: [...vms.values()], volumes: [...volumes.values()], uncovered: [...uncovered] }
}

interface Rule {
  readonly storageUuid: string
  readonly copiedTo?: string
  readonly prefix: string
  readonly keepLast: number
  readonly keepDays: number
  readonly nowMs: number
}

type Why = 'notOurs' | 'unready' | 'recent' | 'needed' | 'notCopied'

/** One thing that is deleted or kept as a whole: a VM backup with all its volumes, or a single backup. */
interface Unit<Member extends Row> {
  readonly members: readonly Member[]
  /** What the newest are counted for. */
  readonly subject: string
  /** False where a part of it is missing: that is left for people to look at. */
  readonly whole: boolean
}

/** What stays: what is not ours, the newest of each, what is young, what later increments need, and what has no copy elsewhere yet. */
export function chooseExpired({ volumeBackups, databaseBackups, ...rule }: JsonObject): JsonObject {
  const asked = rule as unknown as Rule
  const here = <Found extends Row>(rows: unknown) =>
    newestFirst(rows as readonly Found[]).filter(({ backupStorageRefs }) =>
      backupStorageRefs.some(({ backupStorageUuid }) => backupStorageUuid === asked.storageUuid),
    )
  const volumes = judged(unitsOf(here<VolumeRow>(volumeBackups)), asked, neededIn)
  const databases = judged(
    here<Row>(databaseBackups).map((row) => ({ members: [row], subject: 'database', whole: true })),
    asked,
    () => () => false,
  )
  return {
    expired: [
      ...volumes.expired.map(({ members }) => {
        const row = members.find(({ type }) => type === 'Root') ?? members[0]
        const { uuid = '', name = '', volumeUuid = '', groupUuid } = row ?? {}
        return groupUuid === undefined
          ? { kind: 'volume', uuid, name, volumeUuid }
          : { kind: 'vm', uuid: groupUuid, name, volumeUuid }
      }),
      ...databases.expired.flatMap(({ members }) =>
        members.map(({ uuid, name }) => ({ kind: 'database', uuid, name, volumeUuid: '' })),
      ),
    ],
    kept: [...volumes.kept, ...databases.kept],
  }
}

function unitsOf(rows: readonly VolumeRow[]): readonly Unit<VolumeRow>[] {
  const groups = new Set<string>()
  return rows.flatMap((row) => {
    const { groupUuid, volumeUuid } = row
    if (groupUuid === undefined) return [{ members: [row], subject: volumeUuid, whole: true }]
    if (groups.has(groupUuid)) return []
    groups.add(groupUuid)
    const members = rows.filter((each) => each.groupUuid === groupUuid)
    const whole = members.some(({ type }) => type === 'Root')
    return [{ members, subject: `VM ${row.vmInstanceUuid ?? groupUuid}`, whole }]
  })
}

/** From the newest to the oldest: an increment needs what was made of its volume right before it, whoever made either. */
function neededIn() {
  const wanted = new Set<string>()
  return ({ members }: Unit<VolumeRow>, isKept: boolean): boolean => {
    const needed = members.some(({ volumeUuid }) => wanted.has(volumeUuid))
    if (!isKept && !needed) return false
    for (const { volumeUuid, mode } of members) {
      if (mode === 'full') wanted.delete(volumeUuid)
      else wanted.add(volumeUuid)
    }
    return needed
  }
}

function judged<Member extends Row>(
  units: readonly Unit<Member>[],
  rule: Rule,
  needs: () => (unit: Unit<Member>, isKept: boolean) => boolean,
) {
  const isNeeded = needs()
  const counted = new Map<string, number>()
  const expired: Unit<Member>[] = []
  const kept: { uuid: string; name: string; why: Why }[] = []
  for (const unit of units) {
    const why = whyKept(unit, rule, counted)
    const needed = isNeeded(unit, why !== undefined)
    const reason = why ?? (needed ? 'needed' : undefined)
    if (reason === undefined) expired.push(unit)
    else kept.push(...unit.members.map(({ uuid, name }) => ({ uuid, name, why: reason })))
  }
  return { expired, kept }
}

function whyKept<Member extends Row>(
  { members, subject, whole }: Unit<Member>,
  rule: Rule,
  counted: Map<string, number>,
): Why | undefined {
  if (!whole || !members.every(({ name }) => name.startsWith(rule.prefix))) return 'notOurs'
  // One that is being made, or copied here: what may fail yet takes no place of one that can be restored.
  if (!members.every((row) => (row.status ?? 'Ready') === 'Ready' && isReadyOn(row, rule.storageUuid))) return 'unready'
  const before = counted.get(subject) ?? 0
  if (members.every(({ state = 'Enabled' }) => state === 'Enabled')) counted.set(subject, before + 1)
  const bornMs = Math.max(...members.map(({ createDate }) => timeOf(createDate)))
  if (before < rule.keepLast || !(rule.nowMs - bornMs > rule.keepDays * DAY_MS + ZONES_MS)) return 'recent'
  const { copiedTo } = rule
  return copiedTo !== undefined && !members.every((row) => isReadyOn(row, copiedTo)) ? 'notCopied' : undefined
}

const DAY_MS = 86_400_000
/** Dates have no zone: one may be that much younger than it reads. */
const ZONES_MS = 14 * 3_600_000

/** A date that cannot be read is the youngest there is: what has it is never expired. */
function timeOf(date: string | undefined): number {
  const ms = Date.parse(`${date} UTC`)
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms
}

/** Rows of the same second keep the platform's order, the last being the newest. */
const newestFirst = <Found extends Row>(rows: readonly Found[]): readonly Found[] =>
  rows.toReversed().toSorted((one, other) => compare(timeOf(other.createDate), timeOf(one.createDate)))

const compare = (one: number, other: number): number => (one === other ? 0 : one - other)

const isReadyOn = ({ backupStorageRefs }: Row, storageUuid: string): boolean =>
  backupStorageRefs.some((ref) => ref.backupStorageUuid === storageUuid && ref.status === 'Ready')

function textIn({ metadata }: VolumeRow, field: string): string | undefined {
  const value = readMetadata(metadata ?? '')?.[field]
  return typeof value === 'string' ? value : undefined
}
