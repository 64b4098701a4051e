// Snapshot mode: vcbSnapshot quiesces the guest as far as it can, takes the snapshot, and unquiesces.
import type { JsonObject } from '../../values/index.ts'
import { commandFailed, failureOf, said } from './failures.ts'
import type { VcbProxy } from './proxy.ts'

/** What the command tells of quiescing. Only the id's line is documented; README.md has the others among what is assumed. */
const ID = /SsId:\s*(\S+)/
const QUIESCED = /quiesced by (vss|sync)/i
const QUIESCE_FAILED = /quiescing .*failed/i
const UNQUIESCE_FAILED = /unquiescing .*failed/i
const NOT_FOUND = /not found|no such snapshot/i

/** Without a clear word nothing was quiesced, and nothing held until the end: a point is then crash-consistent. [P9] */
export async function createSnapshot(proxy: VcbProxy, vmId: string, name: string): Promise<JsonObject> {
  const ended = await proxy.attempt('vcbSnapshot', ['-c', `moref:${vmId}`, name])
  const text = said(ended)
  const [, snapshotId] = ID.exec(text) ?? []
  if (ended.exitCode !== 0 && snapshotId === undefined && QUIESCE_FAILED.test(text) && !UNQUIESCE_FAILED.test(text)) {
    throw failureOf('quiesceFailed', 'the guest could not be quiesced, so no snapshot was taken')
  }
  if (ended.exitCode !== 0 || snapshotId === undefined) throw commandFailed('vcbSnapshot', ended, 'maybe')
  const [, by] = QUIESCED.exec(text) ?? []
  return { snapshotId, quiesced: by?.toLowerCase() ?? 'none', unquiesced: !UNQUIESCE_FAILED.test(text) }
}

/** How it was quiesced is told once, when it is taken. */
export async function findSnapshot(proxy: VcbProxy, vmId: string, name: string): Promise<JsonObject> {
  const ended = await proxy.attempt('vcbSnapshot', ['-f', `moref:${vmId}`, name])
  const [, snapshotId] = ID.exec(said(ended)) ?? []
  if (snapshotId !== undefined) return { found: true, snapshotId, quiesced: 'none', unquiesced: false }
  if (ended.exitCode !== 0 && !NOT_FOUND.test(said(ended))) throw commandFailed('vcbSnapshot', ended, 'no')
  return { found: false }
}

/** Ends snapshot mode: what was written since is committed to the disks. */
export async function removeSnapshot(proxy: VcbProxy, vmId: string, snapshotId: string): Promise<JsonObject> {
  const ended = await proxy.attempt('vcbSnapshot', ['-d', `moref:${vmId}`, `ssid:${snapshotId}`])
  if (ended.exitCode === 0) return {}
  if (NOT_FOUND.test(said(ended))) throw failureOf('notFound', `there is no snapshot ${snapshotId} any more`)
  throw commandFailed('vcbSnapshot', ended, 'maybe')
}
