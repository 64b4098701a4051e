// A simulated VirtualCenter with a proxy: a folder of its own with the world, the mount root, and the commands as programs.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import type { Json } from '../../../values/index.ts'
import { runCommand, type Said } from './commands.ts'
import { changeWorld, diskFile, loadWorld, type SimulatedVm, saveWorld, volumeFolder, writeDisk, writeFile } from './world.ts'

export interface VmSpec {
  readonly name: string
  readonly windows?: boolean
  readonly quiesces?: SimulatedVm['quiesces']
  readonly snapshotIsSlow?: boolean
  /** Of each disk. */
  readonly diskBytes?: readonly number[]
  /** Letters of the volumes; `undefined` for one that has none. */
  readonly letters?: readonly (string | undefined)[]
}

export interface VcbSimulator extends Disposable {
  /** Settings of a target that reaches it. */
  readonly settings: Readonly<Record<string, Json>>
  readonly mountRoot: string
  /** Answers its moref. */
  addVm(spec: VmSpec): string
  vm(moref: string): SimulatedVm
  vms(): readonly SimulatedVm[]
  changeVm(moref: string, change: (vm: SimulatedVm) => void): void
  /** What the guest does, in snapshot mode or not. */
  writeDisk(moref: string, node: string, offsetBytes: number, bytes: Uint8Array): void
  writeFile(moref: string, volume: number, path: string, text: string): void
  /** The file with the bytes of a disk that is not in snapshot mode. */
  diskFile(moref: string, node: string): string
  /** Folders that vcbMounter was told, in their order. */
  readonly mounted: readonly string[]
  /** Runs a command in this process. */
  run(command: string, argv: readonly string[]): Said
  /** What stands there that a backup leaves behind, and what must not have been asked for; a line each. */
  leaks(): readonly string[]
}

export const COMMANDS = ['vcbVmName', 'vcbSnapshot', 'vcbMounter', 'vcbRestore'] as const
const SERVER = 'virtualcenter.example'

export function startVcbSimulator(): VcbSimulator {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-vcb-'))
  const [commands, mountRoot] = [join(folder, 'bin'), join(folder, 'mnt')]
  for (const each of [commands, mountRoot, join(folder, 'vms')]) mkdirSync(each)
  saveWorld(folder, { server: SERVER, nextNumber: 112, vms: [], mounts: [], mounted: [], violations: [] })
  for (const name of COMMANDS) writeProgram(join(commands, name), folder, name)
  return {
    settings: { channel: 'local', server: SERVER, account: 'backup', commands, mountRoot },
    mountRoot,
    addVm: (spec) => addVm(folder, spec),
    vm: (moref) => {
      const found = loadWorld(folder).vms.find((each) => each.moref === moref)
      if (!found) throw new Error(`there is no ${moref}`)
      return found
    },
    vms: () => loadWorld(folder).vms,
    changeVm: (moref, change) =>
      changeWorld(folder, ({ vms }) => {
        for (const vm of vms) if (vm.moref === moref) change(vm)
      }),
    writeDisk: (...write) => writeDisk(folder, ...write),
    writeFile: (...write) => writeFile(folder, ...write),
    diskFile: (moref, node) => diskFile(folder, moref, node),
    get mounted() {
      return loadWorld(folder).mounted
    },
    run: (command, argv) => runCommand(folder, command, argv),
    leaks: () => leaksIn(folder, mountRoot),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A small program that calls the command of this module with its own arguments. */
function writeProgram(file: string, folder: string, name: string): void {
  const module = new URL(`./commands${extname(import.meta.url)}`, import.meta.url)
  const text = [
    `#!${process.execPath}`,
    `import { runCommand } from ${JSON.stringify(module.href)}`,
    `const { exitCode, stdout, stderr } = runCommand(${JSON.stringify(folder)}, ${JSON.stringify(name)}, process.argv.slice(2))`,
    'process.stdout.write(stdout)',
    'process.stderr.write(stderr)',
    'process.exitCode = exitCode',
    '',
  ]
  writeFileSync(file, text.join('\n'))
  chmodSync(file, 0o700)
}

function addVm(folder: string, { name, windows = true, quiesces = 'vss', ...spec }: VmSpec): string {
  const { snapshotIsSlow = false, diskBytes = [262_144, 131_072], letters = windows ? ['C', 'D'] : [] } = spec
  return changeWorld(folder, (world) => {
    const moref = `vm-${world.nextNumber}`
    const volumes = letters.map((letter, index) => ({ number: index + 1, ...(letter === undefined ? {} : { letter }) }))
    const disks = diskBytes.map((sizeBytes, index) => ({ node: `scsi0:${index}`, sizeBytes }))
    mkdirSync(join(folder, 'vms', moref))
    for (const { node, sizeBytes } of disks) {
      writeFileSync(diskFile(folder, moref, node), `boot sector of ${name} ${node}\n`)
      truncateSync(diskFile(folder, moref, node), sizeBytes)
    }
    for (const { number } of volumes) mkdirSync(volumeFolder(folder, moref, number))
    world.nextNumber += 1
    world.vms.push({
      moref,
      name,
      uuid: `50-${moref}`,
      windows,
      quiesces,
      snapshotIsSlow,
      disks,
      volumes,
      snapshots: [],
      restored: false,
    })
    return moref
  })
}

function leaksIn(folder: string, mountRoot: string): readonly string[] {
  const { vms, violations } = loadWorld(folder)
  return [
    ...violations,
    ...vms.flatMap(({ name, snapshots }) => snapshots.map((each) => `snapshot ${each.name} of ${name}`)),
    ...readdirSync(mountRoot).map((name) => `folder ${name} in the mount root`),
  ]
}
