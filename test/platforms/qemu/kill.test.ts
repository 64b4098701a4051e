// A real guest that writes, and engines that are killed while they back it up. `npm run kills:qemu` kills at every record.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { byEffort } from '../../faults/kill/kill.ts'
import { hasGuest } from './has-guest.ts'
import { killsFrom, openKilledBackups } from './killed-backup.ts'

/** Records apart. The freeze is around the eighth. */
const STRIDE = byEffort({ desk: 12, ci: 5, all: 1 })
const FIRST = byEffort({ desk: 8, ci: 3, all: 1 })

describe.runIf(hasGuest)('a real guest under QEMU', () => {
  test('P2, P4, P5, P8: whose backup is killed at a record goes on writing, nothing is left behind, and the next backup equals the disks', {
    timeout: 900_000,
  }, async () => {
    await using backups = await openKilledBackups('qemu/vm-backup')
    const violations: string[] = []
    const stills: number[] = []
    for await (const { record, stillMs, violations: found } of killsFrom(backups, FIRST, STRIDE)) {
      stills.push(Math.round(stillMs))
      violations.push(...found.map((line) => `killed at record ${record}: ${line}`))
    }
    console.log(`killed at ${stills.length} of ${backups.records} records; held still for ${stills.join(', ')} ms`)
    expect(violations).toEqual([])
    expect(stills.length).toBeGreaterThan(0)
  })

  test('does not outlive a test run that is killed', { timeout: 900_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hf-watch-'))
    try {
      const program = `const { startMachine } = await import(${JSON.stringify(join(import.meta.dirname, 'machine.ts'))})
        await startMachine(${JSON.stringify(folder)}, 1)
        console.log('up')
        setInterval(() => {}, 1000)`
      const args = [
        '--no-sparkplug',
        '--wasm-wrapper-tiering-budget=1000000000',
        '--conditions=source',
        '--disable-warning=ExperimentalWarning',
        '--input-type=module',
        '-e',
        program,
      ]
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      expect(qemusIn(folder)).toHaveLength(1)
      child.kill('SIGKILL')
      await vi.waitFor(() => expect(qemusIn(folder)).toEqual([]), { timeout: 600_000 })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

/** Processes of QEMU that were given this folder. */
function qemusIn(folder: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        /^qemu-system.*/.test(basenameOf(pid)) &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)
      )
    } catch {
      // It has ended meanwhile.
      return false
    }
  })
}

const basenameOf = (pid: string): string => readFileSync(`/proc/${pid}/comm`, 'utf8')
