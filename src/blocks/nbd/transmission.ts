// The server's side of the transmission phase: takes requests, performs them side by side, answers each when it is done.
// Memory is bounded: a connection's requests wait while the payloads under way exceed a budget.
import { intersectExtents } from '../extents.ts'
import type { ExtentKind } from '../model.ts'
import { isZero } from '../zeros.ts'
import { contextsOf } from './answers.ts'
import { isWritable, type NbdExport } from './export.ts'
import type { Agreed } from './haggling.ts'
import {
  COMMAND,
  COMMAND_FLAG,
  DEFAULT_MAX_PAYLOAD_BYTES,
  DIRTY,
  DIRTY_BITMAP,
  ERRNO,
  type Errno,
  REQUEST_BYTES,
  REQUEST_MAGIC,
  readUInt64,
  STATE,
} from './protocol.ts'
import {
  type ContextStatus,
  dataHead,
  doneReply,
  errorReply,
  holeReply,
  type Request,
  type Status,
  statusReply,
} from './reply-bytes.ts'

/** Payloads under way on one connection; a single larger request passes alone. */
const BUDGET_BYTES = 2 ** 24
/** What a request without payload counts for, so that their number is bounded too. */
const LEAST_COST_BYTES = 2 ** 16
const MOST_SPARE_BUFFERS = 64

/** Serves until the client leaves or breaks the protocol; then nothing of it uses the export any more. */
export async function serveRequests(agreed: Agreed): Promise<void> {
  const { incoming } = agreed.client
  const underWay = new Set<Promise<void>>()
  const spare: Buffer[] = []
  let usedBytes = 0
  let wake = () => {}

  for (;;) {
    const header = await incoming.take(REQUEST_BYTES)
    if (!header || header.readUInt32BE(0) !== REQUEST_MAGIC) break
    const request = parseRequest(header)
    if (request.command === COMMAND.disconnect) break
    const brings = request.command === COMMAND.write
    const moves = brings || request.command === COMMAND.read
    // "Size constraints": what is far too long is an attack; the payload of a write could not even be skipped in good time.
    if (brings && request.lengthBytes > DEFAULT_MAX_PAYLOAD_BYTES) break
    const costBytes = Math.max(moves ? Math.min(request.lengthBytes, DEFAULT_MAX_PAYLOAD_BYTES) : 0, LEAST_COST_BYTES)
    while (usedBytes > 0 && usedBytes + costBytes > BUDGET_BYTES) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    const data = brings ? await incoming.take(request.lengthBytes) : undefined
    if (brings && !data) break
    usedBytes += costBytes
    const answer = perform(agreed, data ? { ...request, data } : request, spare).finally(() => {
      usedBytes -= costBytes
      underWay.delete(answer)
      wake()
    })
    underWay.add(answer)
  }
  await Promise.all(underWay)
}

const parseRequest = (header: Buffer): Request => ({
  flags: header.readUInt16BE(4),
  command: header.readUInt16BE(6),
  cookie: header.subarray(8, 16),
  offsetBytes: readUInt64(header, 16),
  lengthBytes: header.readUInt32BE(24),
})

/** Performs one request and answers it; never throws. */
async function perform(agreed: Agreed, request: Request, spare: Buffer[]): Promise<void> {
  const { client, disk, structuredReplies } = agreed
  try {
    const errno = refusalOf(agreed, request)
    if (errno) return await client.send(errorReply(request, ERRNO[errno], structuredReplies))
    switch (request.command) {
      case COMMAND.read: {
        const memory = takeSpare(spare, request.lengthBytes)
        const data = memory.subarray(0, request.lengthBytes)
        await disk.read(request.offsetBytes, data)
        if (mayTellHole(agreed, request) && isZero(data)) await client.send(holeReply(request))
        else await client.send(dataHead(request, structuredReplies), data)
        if (spare.length < MOST_SPARE_BUFFERS) spare.push(memory)
        return
      }
      case COMMAND.write:
        await disk.write?.(request.offsetBytes, request.data ?? Buffer.alloc(0))
        break
      case COMMAND.trim:
      case COMMAND.writeZeroes:
        await disk.zero?.(request.offsetBytes, request.lengthBytes)
        break
      case COMMAND.flush:
        await disk.flush?.()
        break
      case COMMAND.blockStatus:
        return await client.send(statusReply(request, await statusesOf(agreed, request)))
    }
    if ((request.flags & COMMAND_FLAG.fua) !== 0) await disk.flush?.()
    await client.send(doneReply(request, structuredReplies))
  } catch (error) {
    await client.send(errorReply(request, ERRNO[errnoOf(error)], structuredReplies))
  }
}

function takeSpare(spare: Buffer[], lengthBytes: number): Buffer {
  const memory = spare.pop()
  return memory && memory.length >= lengthBytes ? memory : Buffer.allocUnsafeSlow(lengthBytes)
}

const FLAGS: ReadonlyMap<number, number> = new Map([
  [COMMAND.read, COMMAND_FLAG.fua | COMMAND_FLAG.df],
  [COMMAND.write, COMMAND_FLAG.fua],
  [COMMAND.flush, COMMAND_FLAG.fua],
  [COMMAND.trim, COMMAND_FLAG.fua],
  [COMMAND.writeZeroes, COMMAND_FLAG.fua | COMMAND_FLAG.noHole],
  [COMMAND.blockStatus, COMMAND_FLAG.fua | COMMAND_FLAG.reqOne],
])

/** "Error values": which error answers a request that must not be performed, if any. */
function refusalOf({ disk, contexts }: Agreed, request: Request): Errno | undefined {
  const { command, flags, offsetBytes, lengthBytes } = request
  const allowed = FLAGS.get(command)
  if (allowed === undefined || (flags & ~allowed) !== 0) return 'EINVAL'
  if (command === COMMAND.flush) return disk.flush ? undefined : 'EINVAL'
  const changes = command === COMMAND.write || command === COMMAND.trim || command === COMMAND.writeZeroes
  if (changes && !isWritable(disk)) return 'EPERM'
  if (changes && command !== COMMAND.write && !disk.zero) return 'EINVAL'
  if (offsetBytes + lengthBytes > disk.sizeBytes) return changes && command !== COMMAND.trim ? 'ENOSPC' : 'EINVAL'
  if (lengthBytes === 0) return 'EINVAL'
  if (command === COMMAND.read && lengthBytes > DEFAULT_MAX_PAYLOAD_BYTES) return 'EINVAL'
  if (command === COMMAND.blockStatus && contexts.length === 0) return 'EINVAL'
  return undefined
}

const MOST_STATUSES = 2 ** 16

async function statusesOf({ disk, contexts }: Agreed, request: Request): Promise<readonly ContextStatus[]> {
  const names = contextsOf(disk)
  return Promise.all(
    contexts.map(async (id) => {
      const bitmap = disk.dirtyBitmaps?.[names[id - 1]?.slice(DIRTY_BITMAP.length) ?? '']
      const statuses = bitmap
        ? await statusOf(bitmap, dirtiness, request)
        : await statusOf((...range) => disk.extents(...range), allocation, request)
      return { id, statuses }
    }),
  )
}

const allocation = (kind: ExtentKind): number => (kind === 'hole' ? STATE.hole | STATE.zero : kind === 'zero' ? STATE.zero : 0)
const dirtiness = (kind: ExtentKind): number => (kind === 'unchanged' ? 0 : DIRTY)

async function statusOf(
  extentsOf: NbdExport['extents'],
  stateOf: (kind: ExtentKind) => number,
  { offsetBytes, lengthBytes, flags }: Request,
): Promise<readonly Status[]> {
  const extents = await extentsOf(offsetBytes, lengthBytes)
  const statuses: Status[] = []
  for (const extent of intersectExtents(extents, [{ offsetBytes, lengthBytes, kind: 'data' }])) {
    const state = stateOf(extent.kind)
    const last = statuses.at(-1)
    if (last && last.flags === state) last.lengthBytes += extent.lengthBytes
    else statuses.push({ lengthBytes: extent.lengthBytes, flags: state })
  }
  if (statuses.length === 0) throw new Error('An export told nothing of a range')
  return statuses.slice(0, (flags & COMMAND_FLAG.reqOne) !== 0 ? 1 : MOST_STATUSES)
}

/** "Don't fragment" asks for content, and a hole is cheaper in any other case. */
const mayTellHole = ({ structuredReplies }: Agreed, { flags }: Request): boolean =>
  structuredReplies && (flags & COMMAND_FLAG.df) === 0

const SYSTEM_ERRORS: Readonly<Record<string, Errno>> = {
  EPERM: 'EPERM',
  EACCES: 'EPERM',
  EROFS: 'EPERM',
  ENOMEM: 'ENOMEM',
  EINVAL: 'EINVAL',
  ENOSPC: 'ENOSPC',
  EDQUOT: 'ENOSPC',
  EFBIG: 'ENOSPC',
  ESHUTDOWN: 'ESHUTDOWN',
}

/** The error value for what an export threw: by the `errno` of an `NbdError` or the `code` of a system error, else EIO. */
function errnoOf(error: unknown): Errno {
  if (!(error instanceof Error)) return 'EIO'
  const name = 'errno' in error && typeof error.errno === 'string' ? error.errno : 'code' in error ? String(error.code) : ''
  return SYSTEM_ERRORS[name] ?? 'EIO'
}
