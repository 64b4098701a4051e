// A locked pack is used as it was reviewed, or not at all.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { createTestHost } from './test-host.ts'

async function command(folder: string, ...args: string[]) {
  const { host, printed } = createTestHost(folder)
  return { exitCode: await runCli(args, host), ...printed }
}

test('a runbook is refused when one of its packs is not the one that was locked', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-lock-'))
  try {
    const check = () => command(folder, 'check', 'sangfor-scp/vm-backup')
    expect((await check()).exitCode).toBe(0)
    expect((await command(folder, 'lock')).stdout).toMatch(/^locked block-transfer .* in holdfast\.lock\.yaml\n$/)
    expect((await check()).exitCode).toBe(0)

    const file = join(folder, 'holdfast.lock.yaml')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace(/(sangfor-scp:\n.*\n {4}sha256: ')..../, '$10000'))
    const changed = await check()
    expect(changed.exitCode).toBe(3)
    expect(changed.stdout).toContain('error[LOCK_PACK_CHANGED]')
    expect(changed.stdout).toContain('--> holdfast.lock.yaml:')

    writeFileSync(file, text.replace(/ {2}sangfor-scp:\n.*\n.*\n/, ''))
    expect((await check()).stdout).toContain('error[LOCK_PACK_MISSING]')
    expect((await command(folder, 'plan', 'sangfor-scp/vm-backup')).exitCode).toBe(3)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
