// The same disk of a running VM backed up by Holdfast and by virtnbdbackup, as their users start them: whole programs, from start to end.
import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isObject, type JsonObject } from '../../src/values/index.ts'
import type { Row } from './contest.ts'
import type { BenchDomain } from './domain.ts'
import { isInstalled, type Measured, timeProgram } from './measure.ts'

export interface Told {
  /** As the program tells, or has written down. */
  readonly readBytes: number
  readonly storedBytes: number
  /** The longest time in which nothing that the guest wrote came to its disks. */
  readonly stillMs: number
  /** What its phases took, in order; of Holdfast. */
  readonly phasesMs?: readonly number[]
}

/** Each ends with that event, or with the end of that step; the last one with the program. */
export const PHASES = [
  { name: 'program start, check', ends: 'runStarted' },
  { name: 'VM looked at', ends: 'backup/vm' },
  { name: 'vault opened, last point', ends: 'backup/last' },
  { name: 'checkpoint, scratch', ends: 'backup/scratch' },
  { name: 'freeze to thaw', ends: 'backup/still' },
  { name: 'export, changes', ends: 'backup/changes' },
  { name: 'data', ends: 'backup/copy' },
  { name: 'commit', ends: 'backup/commit' },
  { name: 'let go', ends: 'runEnded' },
  { name: 'exit', ends: undefined },
] as const

export interface BackupRow {
  readonly row: Row
  /** In the order of the rounds, by the name of who was measured. */
  readonly told: ReadonlyMap<string, Told[]>
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const ENV = { HOLDFAST_VAULT_PASSWORD: 'only for this measurement' }
const CHUNK_BYTES = 2 ** 20

export async function backupRows(domain: BenchDomain, folder: string): Promise<readonly BackupRow[]> {
  if (!isInstalled('virtnbdbackup')) throw new Error('virtnbdbackup is missing; get it with: apt-get install virtnbdbackup')
  const built = spawnSync(process.execPath, [join(ROOT, 'scripts/build.mjs')], { stdio: 'inherit' })
  if (built.status !== 0) throw new Error('Holdfast cannot be built')
  const [ours, theirs] = [holdfast(domain, folder), virtnbdbackup(domain, folder)]
  return [fullRow(domain, ours, theirs), ...[20, 200, 2000].map((pages) => incrementalRow(domain, ours, theirs, pages))]
}

/** One that backs up: full into a place of its own, or what changed since its last backup. */
interface Tool {
  readonly name: string
  begin(): Promise<void>
  backUp(level: 'full' | 'incremental'): Promise<Measured & { readonly told: Omit<Told, 'stillMs'> }>
}

function fullRow(domain: BenchDomain, ours: Tool, theirs: Tool): BackupRow {
  const { told, contestant } = contest(domain)
  const prepare = async () => {
    await ours.begin()
    await theirs.begin()
  }
  const row: Row = { title: 'full', prepare, ours: contestant(ours, 'full'), peers: [contestant(theirs, 'full')] }
  return { row, told }
}

/** Builds upon what the row before left. */
function incrementalRow(domain: BenchDomain, ours: Tool, theirs: Tool, pages: number): BackupRow {
  const { told, contestant } = contest(domain)
  let touched = 0
  const bytesOfChunks = ({ figures = {} }: Measured) => Number(figures.readBytes) / (Number(figures.touched) * CHUNK_BYTES)
  const mine = contestant(ours, 'incremental')
  const row: Row = {
    title: `incremental, ${pages} scattered writes of 4 KiB`,
    prepare: async () => {
      touched = await domain.write(pages)
    },
    ours: {
      ...mine,
      run: async () => {
        const measured = await mine.run()
        return { ...measured, figures: { ...measured.figures, touched } }
      },
    },
    peers: [{ ...contestant(theirs, 'incremental'), goal: 1 }],
    bounds: [{ name: 'bytes read of changed chunks', of: bytesOfChunks, atMost: 1.05 }],
  }
  return { row, told }
}

function contest({ beats }: BenchDomain) {
  const told = new Map<string, Told[]>()
  const contestant = (tool: Tool, level: 'full' | 'incremental') => ({
    name: tool.name,
    run: async (): Promise<Measured> => {
      beats.restart()
      const { told: said, ...measured } = await tool.backUp(level)
      told.set(tool.name, [...(told.get(tool.name) ?? []), { ...said, stillMs: beats.longestMs() }])
      return { ...measured, figures: { readBytes: said.readBytes } }
    },
  })
  return { told, contestant }
}

function holdfast({ uri, name, disk, scratch }: BenchDomain, folder: string): Tool {
  let count = 0
  const at = () => join(folder, `holdfast-${count}`)
  const program = [join(ROOT, 'bin/holdfast.js'), '--config', 'holdfast.config.yaml']
  const env = { ...process.env, ...ENV }
  return {
    name: 'holdfast',
    begin: async () => {
      count += 1
      await mkdir(at())
      const targets = {
        hypervisor: { connection: 'qemu/Hypervisor', libvirt: uri, domain: name, scratchDirectory: scratch },
        guest: { connection: 'guest/Machine', channel: 'libvirt', libvirt: uri, domain: name },
        vault: { connection: 'block-transfer/Vault', directory: 'vault', password: { env: 'HOLDFAST_VAULT_PASSWORD' } },
      }
      await writeFile(join(at(), 'holdfast.config.yaml'), JSON.stringify({ config: 1, targets }))
      const { status } = spawnSync(process.execPath, [...program, 'vault', 'init', 'vault'], { cwd: at(), env, stdio: 'ignore' })
      if (status !== 0) throw new Error('no vault could be made')
    },
    backUp: async (level) => {
      const inputs = ['-i', `disks=["${disk.device}"]`, '-i', `full=${level === 'full'}`]
      const args = [...program, 'run', 'qemu/vm-backup', ...inputs, '--format', 'json']
      const startedAt = Date.now()
      const { measured, said } = await timeTold(process.execPath, args, { cwd: at(), env }, join(folder, 'said'))
      const lines = said.split('\n').filter((line) => line !== '')
      const events = lines.map((line) => JSON.parse(line) as JsonObject)
      const { outputs } = events.find(({ event }) => event === 'runEnded') ?? { outputs: null }
      if (!isObject(outputs) || outputs.level !== level || outputs.consistency !== 'filesystem') throw new Error(said)
      const phasesMs = phasesIn(events, startedAt, startedAt + measured.wallMs)
      return { ...measured, told: { readBytes: Number(outputs.bytesRead), storedBytes: Number(outputs.bytesStored), phasesMs } }
    },
  }
}

function phasesIn(events: readonly JsonObject[], startedAt: number, endedAt: number): readonly number[] {
  const ends = PHASES.map(({ ends }) => {
    if (ends === undefined) return endedAt
    const found = events.find(({ event, path }) => event === ends || (event === 'stepEnded' && path === ends))
    if (!found) throw new Error(`the run told no end of ${ends}`)
    return Date.parse(String(found.at))
  })
  return ends.map((end, index) => end - (ends[index - 1] ?? startedAt))
}

/** What it reads it writes down as it is, behind a line for each extent. */
function virtnbdbackup({ uri, name, disk, scratch }: BenchDomain, folder: string): Tool {
  let count = 0
  const at = () => join(folder, `virtnbdbackup-${count}`)
  const sizes = async () => {
    const files = (await readdir(at()).catch(() => [])).filter((file) => file.endsWith('.data'))
    const all = await Promise.all(files.map(async (file) => (await stat(join(at(), file))).size))
    return all.reduce((sum, size) => sum + size, 0)
  }
  return {
    name: 'virtnbdbackup',
    begin: async () => {
      count += 1
    },
    backUp: async (level) => {
      const before = await sizes()
      const where = ['-U', uri, '-d', name, '-o', at(), '-S', scratch, '-f', join(scratch, 'virtnbdbackup.sock')]
      const args = [...where, '-i', disk.target, '-l', level === 'full' ? 'full' : 'inc', '--noprogress']
      const { measured } = await timeTold('virtnbdbackup', args, {}, join(folder, 'said'))
      const bytes = (await sizes()) - before
      return { ...measured, told: { readBytes: bytes, storedBytes: bytes } }
    },
  }
}

async function timeTold(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv },
  file: string,
) {
  const output = openSync(file, 'w', 0o600)
  try {
    const measured = await timeProgram(program, args, options.env, { cwd: options.cwd, output })
    return { measured, said: await readFile(file, 'utf8') }
  } catch (error) {
    throw new Error(await readFile(file, 'utf8'), { cause: error })
  } finally {
    closeSync(output)
  }
}
