// Histories of scheduler jobs as results of runs: what the dumped answer says, and what to do about it. Calls nothing.
import { isObject, type Json, type JsonObject } from '../../values/index.ts'
import { jsonIn } from './inventories.ts'

export function explainHistories({ histories }: JsonObject): JsonObject {
  const runs = (Array.isArray(histories) ? histories : []).flatMap((each) => (isObject(each) ? [runOf(each)] : []))
  return { runs, failed: runs.filter(({ success }) => success === false).length }
}

function runOf(history: JsonObject): JsonObject {
  const { id, success, schedulerJobUuid, schedulerJobGroupUuid, triggerUuid, targetResourceUuid, executeTime, resultDump } =
    history
  const known = { id, success, jobUuid: schedulerJobUuid, groupUuid: schedulerJobGroupUuid, triggerUuid, executeTime }
  const named: JsonObject = present({ ...known, targetUuid: targetResourceUuid })
  if (success === true) return { ...named, why: '' }
  const { code, why } = reasonIn(resultDump)
  return { ...named, why, ...present({ code, advice: code === undefined ? undefined : adviceOn(code) }) }
}

/** The innermost cause says most; the code that people look up is the outermost. */
function reasonIn(resultDump: Json | undefined): { readonly code: string | undefined; readonly why: string } {
  const text = typeof resultDump === 'string' ? resultDump : ''
  const dump = jsonIn(text)
  const outer = isObject(dump) && isObject(dump.error) ? dump.error : undefined
  if (!outer) return { code: undefined, why: text === '' ? 'the platform kept no reason' : text }
  let inner = outer
  while (isObject(inner.cause)) inner = inner.cause
  const told = [inner.details, inner.description, outer.details, outer.description].find((each) => typeof each === 'string')
  return {
    code: typeof outer.code === 'string' ? outer.code : undefined,
    why: typeof told === 'string' ? told : 'the platform kept no reason',
  }
}

const adviceOn = (code: string): string | undefined =>
  ADVICE[code] ?? (code.startsWith('LICENSE.') ? 'look at the Base License and at the Plus License of Backup Service' : undefined)

const ADVICE: Readonly<Record<string, string>> = {
  'VOL_BACKUP.1000': 'start the VM; only a running or paused one is backed up',
  'BS.1000': 'look at the storage',
  'BS.1003': 'free space on the storages of the job, or give it another one',
  'BS.1500': 'reconnect the storage, or let the job have a standby',
  'SYS.1001': 'see whether the backup is there before it is made again: the host may have gone on',
  'SYS.1003': 'something that the job names is gone',
  'SYS.1005': 'bring the object into a state that allows it',
  'SYS.1007': 'put the parameters of the job right',
  'SYS.1010': 'run it again',
  'SYS.1012': 'run it again once the management node is back',
}

const present = (fields: Readonly<Record<string, Json | undefined>>): JsonObject =>
  Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
