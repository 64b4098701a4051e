// VMs, as vcbVmName lists them: a line `key:value` each, a new VM with each `moref`.
import type { JsonObject } from '../../values/index.ts'
import type { VcbProxy } from './proxy.ts'

export interface ListedVm extends JsonObject {
  /** The managed object's reference, `vm-112`. */
  readonly vmId: string
  readonly name: string
  readonly uuid: string
  readonly ipaddr: string
}

/** `selector` is such as `Name:erp-db`, `ipaddr:…`, `uuid:…`, `moref:…` or `Any:`. */
export async function listVms(proxy: VcbProxy, selector: string): Promise<readonly ListedVm[]> {
  const { stdout } = await proxy.read('vcbVmName', ['-s', selector])
  return parseVms(stdout.toString('utf8'))
}

export function parseVms(text: string): readonly ListedVm[] {
  const found: Record<string, string>[] = []
  for (const line of text.split(/\r?\n/)) {
    const [, key = '', value = ''] = /^\s*(moref|name|uuid|ipaddr):(.*)$/.exec(line) ?? []
    if (key === 'moref') found.push({})
    const last = found.at(-1)
    if (key !== '' && last) last[key] = value.trim()
  }
  return found.map(({ moref = '', name = '', uuid = '', ipaddr = '' }) => ({ vmId: moref, name, uuid, ipaddr }))
}
