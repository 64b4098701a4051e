// A folder like an operator's: a configuration that reaches a simulated platform, a vault password, and a runbook that holds something.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '../../src/cli/index.ts'
import { fastClock } from '../../src/engine/index.ts'
import { type ScpSimulator, startScpSimulator } from '../../src/platforms/sangfor-scp/simulator/start.ts'
import { Secret } from '../../src/values/index.ts'
import { createTestHost } from '../cli/test-host.ts'

export interface Lab extends AsyncDisposable {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly scp: ScpSimulator
  readonly groupId: string
  /** Text of hold.runbook.yaml. */
  readonly hold: string
  /** Everything that must never be printed. */
  readonly secrets: readonly string[]
}

const PASSWORD = 'the-vault-password-of-the-lab'

/** What both runbooks begin with. */
const head = (name: string): string => `runbook: 1
name: lab/${name}
version: 1.0.0
use:
  scp: sangfor-scp@^1.0.0
targets:
  cloud: scp/Connection
inputs:
  type: object
  required: [groupId]
  properties:
    groupId: { type: string }
steps:
`

/** Holds a group snapshot until it is told to stop. */
const HOLD = `${head('hold')}  - id: work
    scope:
      steps:
        - id: snap
          uses: scp/groupSnapshot.create
          with:
            cloud: \${ targets.cloud }
            groupId: \${ inputs.groupId }
            name: \${ "lab-" & run.id }
        - id: pause
          wait: { for: 1h }
`

/** Holds a group snapshot for a moment. */
const BRIEF = `${head('brief')}  - id: snap
    uses: scp/groupSnapshot.create
    with:
      cloud: \${ targets.cloud }
      groupId: \${ inputs.groupId }
      name: \${ "holdfast-" & run.id }
`

/** In this process, because a release is retried for a minute: on a clock that runs faster, and starts so much later. */
export async function commandLater({ folder, env }: Lab, laterMs: number, ...args: string[]) {
  const { host, printed } = createTestHost(folder, env)
  const clock = fastClock(50)
  const later = { ...clock, now: () => clock.now() + laterMs }
  return { exitCode: await runCli(args, { ...host, clock: async () => later }), ...printed }
}

export const command = (lab: Lab, ...args: string[]) => commandLater(lab, 0, ...args)

/** Runs brief.runbook.yaml. */
export const runBriefly = (lab: Lab) => command(lab, 'run', 'brief.runbook.yaml', '-i', `groupId=${lab.groupId}`)

export async function openLab(): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-lab-'))
  const scp = await startScpSimulator({ seed: 'lab', behaviour: { taskWaitMs: 0, taskRunMs: 0, visibleAfterMs: 0 } })
  const vms = ['one', 'two'].map((name) => scp.addVm({ name, disks: [{ sizeBytes: 32 * 2 ** 20, files: { 'A.TXT': name } }] }))
  const groupId = scp.addGroup(
    'lab',
    vms.map(({ id }) => id),
  )
  const hidden = Object.entries(scp.settings).flatMap(([name, value]) =>
    value instanceof Secret ? [[name, value] as const] : [],
  )
  const cloud = Object.entries(scp.settings).map(
    ([name, value]) => `    ${name}: ${value instanceof Secret ? `{ env: LAB_${name} }` : JSON.stringify(value)}\n`,
  )
  writeFileSync(
    join(folder, 'holdfast.config.yaml'),
    `config: 1
targets:
  cloud:
    connection: sangfor-scp/Connection
${cloud.join('')}  vault: { connection: block-transfer/Vault, directory: vault, password: { env: HOLDFAST_VAULT_PASSWORD } }
`,
  )
  writeFileSync(join(folder, 'hold.runbook.yaml'), HOLD)
  writeFileSync(join(folder, 'brief.runbook.yaml'), BRIEF)
  return {
    folder,
    scp,
    groupId,
    hold: HOLD,
    env: {
      HOLDFAST_VAULT_PASSWORD: PASSWORD,
      ...Object.fromEntries(hidden.map(([name, secret]) => [`LAB_${name}`, secret.reveal()])),
    },
    secrets: [PASSWORD, ...hidden.map(([, secret]) => secret.reveal())],
    [Symbol.asyncDispose]: async () => {
      await scp[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
