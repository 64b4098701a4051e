// Who has been told what: a file in the state directory, so that each hook hears of each obligation once for each reason.
// Losing it costs repeated alerts, never a missing one.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const FILE = 'alerts.json'

/** Reasons by obligation (`run path`) by hook. */
export type Memory = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

export async function readMemory(stateDirectory: string): Promise<Memory> {
  try {
    const { told } = JSON.parse(await readFile(join(stateDirectory, FILE), 'utf8')) as { told?: Memory }
    return told ?? {}
  } catch {
    return {}
  }
}

export async function writeMemory(stateDirectory: string, told: Memory): Promise<void> {
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
  const draft = join(stateDirectory, `.${FILE}.${process.pid}`)
  await writeFile(draft, `${JSON.stringify({ alerts: 1, told }, undefined, 2)}\n`, { mode: 0o600 })
  await rename(draft, join(stateDirectory, FILE))
}
