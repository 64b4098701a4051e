// Takes a guest's agent away, while the guest runs on.
import { openAgent } from '../../../src/platforms/guest/index.ts'
import type { Guest } from '../../../src/platforms/qemu/measuring/boot.ts'
import type { JsonObject } from '../../../src/values/index.ts'
import { tell } from './left-behind.ts'

/** It is started again whenever it ends; not if it is not there any more. */
export async function removeAgent(guest: Guest): Promise<void> {
  const over = new AbortController()
  using agent = await openAgent(guest.agentPath, over.signal)
  // Its answer may be lost with it.
  agent.ask('guest-exec', { path: '/bin/sh', arg: ['-c', 'rm /usr/sbin/qemu-ga; kill $(pidof qemu-ga)'] }).catch(() => {})
  const isThere = async (): Promise<boolean> =>
    ((await tell(guest, 'query-chardev')) as readonly JsonObject[]).some(
      ({ label, 'frontend-open': isOpen }) => label === 'agent' && isOpen === true,
    )
  while (await isThere());
  over.abort()
}
