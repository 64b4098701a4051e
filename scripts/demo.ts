// `npm run demo`: the whole main job against a simulated platform, with no other server. Every run goes through the code of the
// command line; what only a simulator can show (the bytes on its disks, what it still holds) is compared at the end.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '../src/cli/index.ts'
import { openJournal } from '../src/journal/index.ts'
import { processHost } from '../src/main.ts'
import { formatDuration, formatSize, type JsonObject, Secret } from '../src/values/index.ts'
import { openVault } from '../src/vault/index.ts'
import { difference, startDemoPlatform } from './demo/platform.ts'

interface Point {
  readonly serverId: string
  readonly name: string
  readonly pointId: string
  readonly level: string
  readonly bytesRead: number
  readonly bytesStored: number
  readonly bytesUnchanged: number
}

const PASSWORD = 'only for this demonstration'
const startedAt = performance.now()
const folder = mkdtempSync(join(tmpdir(), 'holdfast-demo-'))
const say = (text: string): void => console.log(text)
const chapter = (title: string): void => say(`\n── ${title} ${'─'.repeat(Math.max(0, 76 - title.length))}`)

const { scp, vms, groupId, sizeBytes } = await startDemoPlatform()
try {
  process.exitCode = await demonstrate()
} finally {
  await scp[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
}

async function demonstrate(): Promise<number> {
  chapter('Three VMs on a simulated Sangfor SCP, and an empty vault')
  for (const { name, guest } of vms)
    say(
      `${name}: ${guest
        .files('ide0')
        .list()
        .map((file) => file.name)
        .join(', ')}`,
    )
  configure()
  await holdfast('vault', 'init', 'vault')

  chapter('A full backup of the consistency group')
  const full = await backup()
  chapter('The guests go on writing; an incremental backup')
  for (const { guest } of vms) guest.write(12)
  const incremental = await backup()
  for (const { guest } of vms) guest.write(12)

  chapter('Every VM restored from the second point, into new disks')
  const restored = new Map<string, string>()
  for (const { serverId, name, pointId } of incremental) {
    const { serverId: newId } = await runbook(
      'sangfor-scp/vm-restore',
      `pointId=${pointId}`,
      `name=${name}-restored`,
      'trackChanges=false',
    )
    restored.set(serverId, String(newId))
  }

  chapter('What came of it')
  const problems = [...(await compare(incremental, restored)), ...scp.leaks(), ...scp.violations]
  summarise(full, incremental)
  for (const problem of problems) say(`PROBLEM: ${problem}`)
  say(`took ${formatDuration(performance.now() - startedAt)}`)
  return problems.length === 0 ? 0 : 1
}

/** Targets as an operator would configure them; the secrets come from the environment. */
function configure(): void {
  const cloud = Object.entries(scp.settings).map(
    ([name, value]) => `    ${name}: ${value instanceof Secret ? `{ env: DEMO_${name} }` : JSON.stringify(value)}\n`,
  )
  const vault = '  vault: { connection: block-transfer/Vault, directory: vault, password: { env: HOLDFAST_VAULT_PASSWORD } }\n'
  writeFileSync(
    join(folder, 'holdfast.config.yaml'),
    `config: 1\ntargets:\n  cloud:\n    connection: sangfor-scp/Connection\n${cloud.join('')}${vault}`,
  )
}

/** One command, as if it were typed in the folder of the demonstration. Throws when it does not end well. */
async function holdfast(...args: string[]): Promise<void> {
  const secrets = Object.entries(scp.settings).flatMap(([name, value]) =>
    value instanceof Secret ? [[`DEMO_${name}`, value.reveal()]] : [],
  )
  const env = { ...process.env, HOLDFAST_VAULT_PASSWORD: PASSWORD, ...Object.fromEntries(secrets) }
  say(`$ holdfast ${args.join(' ')}`)
  const exitCode = await runCli(args, { ...processHost(), env, workingDirectory: folder })
  if (exitCode !== 0) throw new Error(`holdfast ${args[0]} ended with ${exitCode}`)
}

/** Runs a runbook and answers its outputs, from the journal. */
async function runbook(name: string, ...inputs: string[]): Promise<JsonObject> {
  await holdfast('run', name, ...inputs.flatMap((input) => ['-i', input]))
  await using journal = openJournal(join(folder, '.holdfast/journal.sqlite'))
  const [newest] = await journal.runs({ limit: 1 })
  return newest?.outcome?.outputs ?? {}
}

async function backup(): Promise<readonly Point[]> {
  const { points } = await runbook('sangfor-scp/consistency-group-backup', `groupId=${groupId}`)
  return points as unknown as readonly Point[]
}

/** Each restored disk against the snapshot that its point was made from; answers what differs. */
async function compare(points: readonly Point[], restored: ReadonlyMap<string, string>): Promise<readonly string[]> {
  await using vault = await openVault(join(folder, 'vault'), new Secret(PASSWORD))
  const problems: string[] = []
  for (const { serverId, pointId } of points) {
    const vm = vms.find(({ id }) => id === serverId)
    const { evidence, disks } = await vault.point(pointId)
    const { groupSnapshotId } = evidence as { groupSnapshotId: string }
    if (!vm) throw new Error(`there is no VM ${serverId}`)
    for (const { disk } of disks) {
      const problem = difference(scp, groupSnapshotId, vm, restored.get(serverId) ?? '', disk)
      if (problem) problems.push(problem)
      else say(`${vm.name} ${disk}: every byte of the restored disk equals the snapshot's`)
    }
  }
  const { storedBytes } = await vault.stats()
  say(`the vault holds ${storedBytes === 0 ? 'nothing' : formatSize(storedBytes)}, for two points of each VM`)
  if (scp.leaks().length === 0) say('the platform holds no snapshot, backup resource or hot-added disk')
  return problems
}

function summarise(full: readonly Point[], incremental: readonly Point[]): void {
  const sum = (points: readonly Point[], key: 'bytesRead' | 'bytesStored' | 'bytesUnchanged'): number =>
    points.reduce((total, point) => total + point[key], 0)
  say('')
  for (const [title, points] of [
    ['full', full],
    ['incremental', incremental],
  ] as const) {
    const levels = [...new Set(points.map(({ level }) => level))].join(', ')
    const figures = `read ${formatSize(sum(points, 'bytesRead'))} of ${formatSize(sizeBytes)}, stored ${formatSize(sum(points, 'bytesStored'))}`
    say(
      `${title.padEnd(12)} ${figures}, carried over ${formatSize(sum(points, 'bytesUnchanged'))} (${points.length} VMs, ${levels})`,
    )
  }
}
