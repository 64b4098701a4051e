// A proxy for rehearsals: the simulated commands in this process, which fail as a rehearsal says; their world is the judge.
import { basename } from 'node:path'
import { SshFailed } from '../../../ssh/index.ts'
import type { StandIn } from '../../platform.ts'
import { createFaults, type ScriptedFault } from '../../simulation/index.ts'
import { runAs } from '../proxy.ts'
import { startVcbSimulator } from './start.ts'

interface CommandFault extends ScriptedFault {
  readonly does:
    | 'fails'
    /** It does its work, and ends with 1 all the same. */
    | 'failsAfter'
    /** The connection to the proxy breaks before or after. */
    | 'lostBefore'
    | 'lostAfter'
    /** The guest cannot be quiesced, or is not held until the snapshot stands. */
    | 'quiesceFails'
    | 'snapshotIsSlow'
}

const BROKEN: readonly CommandFault['does'][] = ['fails', 'failsAfter', 'lostBefore', 'lostAfter']

/** By command and what it is to do. */
const FAULTS: Readonly<Record<string, readonly CommandFault['does'][]>> = {
  vcbVmName: ['fails', 'lostBefore'],
  'vcbSnapshot -c': [...BROKEN, 'quiesceFails', 'snapshotIsSlow'],
  'vcbSnapshot -f': ['fails', 'lostBefore'],
  'vcbSnapshot -d': BROKEN,
  vcbMounter: BROKEN,
  'vcbMounter -U': BROKEN,
  vcbRestore: BROKEN,
}

export async function startStandIn(): Promise<StandIn> {
  const vcb = startVcbSimulator()
  const faults = createFaults<CommandFault>()
  const asked: Record<string, number> = {}
  const moref = vcb.addVm({ name: 'mytestvm.foo.com' })
  vcb.writeFile(moref, 1, 'boot.ini', '[boot loader]\n')
  vcb.writeFile(moref, 2, 'data/ledger.csv', 'booked;42\n')
  // What an earlier backup by other software left behind; only cleaning up is to touch it.
  const other = vcb.addVm({ name: 'leftover.foo.com' })
  vcb.run('vcbSnapshot', ['-h', String(vcb.settings.server), '-c', `moref:${other}`, '_VCB-BACKUP_'])
  const before = new Set(vcb.leaks())

  const letGo = runAs(String(vcb.settings.commands), async ({ argv: [program, ...args] }) => {
    const command = basename(program)
    const option = args.find((each) => /^-[cfdU]$/.test(each))
    const operation = option === undefined ? command : `${command} ${option}`
    asked[operation] = (asked[operation] ?? 0) + 1
    const does = faults.strike(operation)[0]?.does
    const lost = new SshFailed('lost', 'the connection to the proxy broke', true)
    if (does === 'lostBefore') throw lost
    if (does === 'fails') return ended(1, 'the rehearsal lets it fail')
    if (does === 'quiesceFails') return ended(1, 'quiescing the guest failed')
    const { exitCode, stdout, stderr } = vcb.run(command, args)
    if (does === 'lostAfter') throw lost
    if (does === 'failsAfter') return ended(1, 'the rehearsal lets it end badly')
    const slow = does === 'snapshotIsSlow' ? 'unquiescing the guest failed: the snapshot took too long\n' : ''
    return ended(exitCode, `${stdout}${slow}`, stderr)
  })
  return {
    connection: 'vmware-vcb/Proxy',
    settings: vcb.settings,
    known: { vm: 'mytestvm.foo.com', selector: 'Name:leftover.foo.com' },
    asked: () => ({ ...asked }),
    faultsOf: (operation) => FAULTS[operation] ?? [],
    strike: (operation, does, skip) => faults.add({ operation, does: does as CommandFault['does'], skip }),
    heal: () => faults.clear(),
    leaks: async () => vcb.leaks().filter((line) => !before.has(line)),
    // A VM that vcbRestore made stays: Consolidated Backup has no command that removes one. It is the last thing that a restore does.
    made: () => [],
    [Symbol.asyncDispose]: async () => {
      letGo()
      vcb[Symbol.dispose]()
    },
  }
}

const ended = (exitCode: number, stdout: string, stderr = '') => ({
  exitCode,
  stdout: Buffer.from(stdout),
  stderr: Buffer.from(stderr),
})
