// The simulator as `holdfast simulate` starts it: a folder with the commands as programs, which can be called by hand, too.
import { pathToFileURL } from 'node:url'
import type { SimulatorModule } from '../../platform.ts'
import { startVcbSimulator } from './start.ts'

const VMS = [
  { name: 'mytestvm.foo.com', letters: ['C', 'D', undefined] },
  { name: 'linux.foo.com', windows: false, quiesces: 'sync' },
  { name: 'stubborn.foo.com', quiesces: 'fails' },
] as const

export const simulator: SimulatorModule = {
  start: async ({ faultsFile }) => {
    if (faultsFile !== undefined) throw new NoFaults()
    const vcb = startVcbSimulator()
    for (const spec of VMS) {
      const moref = vcb.addVm(spec)
      if (vcb.vm(moref).windows) vcb.writeFile(moref, 1, 'boot.ini', '[boot loader]\r\n')
    }
    // There is no server that would keep the process.
    const stays = setInterval(() => {}, 2 ** 30)
    return {
      url: pathToFileURL(String(vcb.settings.commands)).href,
      connection: 'vmware-vcb/Proxy',
      settings: vcb.settings,
      describe: () => [
        'mytestvm.foo.com  Windows, quiesced by VSS; volumes C, D and one without a letter',
        'linux.foo.com     another guest, quiesced by the SYNC driver',
        'stubborn.foo.com  Windows, cannot be quiesced',
        'Runbooks also want a target `machine`: { connection: guest/Machine, channel: none }, and -i scripts=false.',
      ],
      close: async () => {
        clearInterval(stays)
        vcb[Symbol.dispose]()
      },
    }
  },
}

class NoFaults extends Error {
  readonly code = 'FAULTS_INVALID'
  readonly hint = 'What goes wrong is part of its VMs: see what it says when it starts.'

  constructor() {
    super('the simulated commands take no faults')
  }
}
