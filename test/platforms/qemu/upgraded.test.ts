// A backup that was killed, and a pack that has another version when somebody comes to resume it.
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startHoldfast } from '../../acceptance/holdfast.ts'
import { peer } from '../../peers/peer.ts'
import { type Desk, leftIn, openDesk } from './desk.ts'

const hasPeers = peer('qemu-system-x86_64', 'qemu-system-x86') && peer('qemu-img', 'qemu-utils')
const SHIPPED = join(import.meta.dirname, '../../../runbooks/qemu')

describe.runIf(hasPeers)('a backup that was killed', () => {
  test.each(['qemu/snapshot.create', 'block-transfer/copy'])(
    'P2, P4: at %s is brought to its end by the pack that it was started with, though another is there since; nothing is left',
    { timeout: 900_000 },
    async (action) => {
      await using desk = await openDesk(97)
      await desk.machine.write()
      const where = { cwd: desk.folder, env: desk.env }
      const { child, ended, says } = startHoldfast(where, 'run', 'qemu/vm-backup', '-i', 'quiesce=false', '--format', 'json')
      const printed = await says(`"${action}"`)
      child.kill('SIGKILL')
      await ended
      const [, id = ''] = /"run":"([^"]+)"/.exec(printed) ?? []

      const config = join(desk.folder, 'holdfast.config.yaml')
      const before = readFileSync(config, 'utf8')
      writeFileSync(config, JSON.stringify({ ...(JSON.parse(before) as object), packs: [anotherPack(desk)] }))
      const { stderr } = await desk.command('run', 'qemu/vm-backup', '-i', 'quiesce=false')
      expect(stderr, 'the other pack is the one at hand').toContain('qemu@^1.0.0')
      const resumed = await desk.resume(id)
      expect(await leftIn(desk), resumed.printed).toEqual([])
      expect((await desk.command('obligations', '--format', 'json')).stdout).toBe('[]\n')
      expect(await desk.machine.ask('query-status')).toMatchObject({ status: 'running' })

      writeFileSync(config, before)
      const next = await desk.run('qemu/vm-backup', 'quiesce=false')
      expect(next.exitCode, next.printed).toBe(0)
      expect(desk.machine.momentOf(await desk.restored(String(next.outputs.pointId)))).toBe(desk.machine.writes.length)
    },
  )
})

/** In which nothing that the killed run made is let go of as it was. */
function anotherPack({ folder }: Desk): string {
  const to = join(folder, 'qemu')
  cpSync(SHIPPED, to, { recursive: true })
  const manifest = join(to, 'pack.yaml')
  const text = readFileSync(manifest, 'utf8')
  writeFileSync(manifest, text.replace('version: 1.0.0', 'version: 2.0.0').replaceAll(/\b(\w+)\.delete\b/g, '$1.discard'))
  return './qemu'
}
