// The commands of Consolidated Backup on the simulated world: what they take, say and end with. README.md of the pack tells which of it is known.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { disksIn, flatExtentIn, parseSettings } from '../vmx.ts'
import { changeWorld, commitRedo, diskFile, loadWorld, type SimulatedVm, volumeFolder, type World } from './world.ts'

export interface Said {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

class Refused extends Error {}

/** Runs a command to its end. */
export function runCommand(folder: string, command: string, argv: readonly string[]): Said {
  const options = optionsIn(argv)
  try {
    const { server } = loadWorld(folder)
    if (options.get('h') !== server) throw new Refused(`cannot connect to ${options.get('h') ?? 'nobody'}`)
    return { exitCode: 0, stdout: perform(folder, command, argv, options), stderr: '' }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { exitCode: 1, stdout: '', stderr: `[error] ${error.message}\n` }
  }
}

function perform(folder: string, command: string, argv: readonly string[], options: Options): string {
  const [last = ''] = argv.slice(-1)
  switch (command) {
    case 'vcbVmName':
      return select(loadWorld(folder), options.get('s') ?? '')
        .map(described)
        .join('')
    case 'vcbSnapshot':
      if (options.has('c')) return create(folder, options.get('c') ?? '', last)
      if (options.has('f')) return find(folder, options.get('f') ?? '', last)
      return remove(folder, options.get('d') ?? '', last)
    case 'vcbMounter':
      return options.has('U') ? unmount(folder, options.get('U') ?? '') : mount(folder, options)
    case 'vcbRestore':
      return restore(folder, options)
    default:
      throw new Refused(`there is no command ${command}`)
  }
}

type Options = ReadonlyMap<string, string>

/** Each option and the word behind it. */
const optionsIn = (argv: readonly string[]): Options =>
  new Map(argv.flatMap((word, index) => (/^-[a-zA-Z]$/.test(word) ? [[word.slice(1), argv[index + 1] ?? '']] : [])))

// ---- VMs -----------------------------------------------------------------------------------------------------------

function select({ vms }: World, selector: string): readonly SimulatedVm[] {
  const [, by = '', value = ''] = /^(\w+):(.*)$/.exec(selector) ?? []
  switch (by.toLowerCase()) {
    case 'any':
      return vms
    case 'name':
      return vms.filter(({ name }) => name === value)
    case 'ipaddr':
      return vms.filter(({ name }) => name === value)
    case 'uuid':
      return vms.filter(({ uuid }) => uuid === value)
    case 'moref':
      return vms.filter(({ moref }) => moref === value)
    default:
      throw new Refused(`${selector} selects nothing`)
  }
}

const described = ({ moref, name, uuid }: SimulatedVm): string =>
  `Found VM:\n   moref:${moref}\n   name:${name}\n   uuid:${uuid}\n   ipaddr:${name}\n`

function one(world: World, selector: string): SimulatedVm {
  const [vm, other] = select(world, selector)
  if (!vm || other) throw new Refused(`${selector}: virtual machine not found`)
  return vm
}

// ---- snapshots -----------------------------------------------------------------------------------------------------

const LEFT_OVER = '_VCB-BACKUP_'

function create(folder: string, selector: string, name: string): string {
  return changeWorld(folder, (world) => {
    const vm = one(world, selector)
    if (vm.snapshots.some((snapshot) => snapshot.name === LEFT_OVER || snapshot.name === name)) {
      throw new Refused('a snapshot of an earlier backup is there already')
    }
    if (vm.quiesces === 'fails') throw new Refused('quiescing the guest failed')
    const id = `snapshot-${world.nextNumber}`
    world.nextNumber += 1
    vm.snapshots.push({ id, name })
    const quiesced = vm.quiesces === 'none' ? '' : `guest quiesced by ${vm.quiesces}\n`
    const late = vm.snapshotIsSlow ? 'unquiescing the guest failed: the snapshot took too long\n' : ''
    return `${quiesced}SsId:${id}\n${late}`
  })
}

function find(folder: string, selector: string, name: string): string {
  const snapshot = one(loadWorld(folder), selector).snapshots.find((each) => each.name === name)
  if (!snapshot) throw new Refused(`${name}: snapshot not found`)
  return `SsId:${snapshot.id}\n`
}

function remove(folder: string, selector: string, ssid: string): string {
  changeWorld(folder, (world) => {
    const vm = one(world, selector)
    const id = ssid.replace(/^ssid:/, '')
    const index = vm.snapshots.findIndex((each) => each.id === id)
    if (index < 0) throw new Refused(`${id}: snapshot not found`)
    if (world.mounts.some(({ snapshotId }) => snapshotId === id)) world.violations.push(`${id} was removed while it was mounted`)
    vm.snapshots.splice(index, 1)
    if (vm.snapshots.length === 0) commitRedo(folder, vm.moref)
  })
  return ''
}

// ---- what is made available ------------------------------------------------------------------------------------------

const MARK = 'unmount.dat'

function mount(folder: string, options: Options): string {
  const [snapshotId, target] = [(options.get('a') ?? '').replace(/^ssid:/, ''), options.get('r') ?? '']
  return changeWorld(folder, (world) => {
    const vm = world.vms.find(({ snapshots }) => snapshots.some(({ id }) => id === snapshotId))
    if (!vm) throw new Refused(`${snapshotId}: snapshot not found`)
    if (existsSync(target)) throw new Refused(`${target} exists already`)
    const kind = options.get('t')
    if (kind === 'file' && !vm.windows) throw new Refused(`${vm.name} is not a Windows virtual machine`)
    mkdirSync(target, { recursive: true })
    writeFileSync(join(target, MARK), `vm moref:${vm.moref} ssid:${snapshotId}\n`)
    world.mounts.push({ folder: target, snapshotId })
    world.mounted.push(target)
    return kind === 'file' ? mountVolumes(folder, vm, target) : exportImage(folder, vm, target)
  })
}

function mountVolumes(folder: string, { moref, volumes }: SimulatedVm, target: string): string {
  mkdirSync(join(target, 'letters'))
  for (const { number, letter } of volumes) {
    if (letter !== undefined) symlinkSync(volumeFolder(folder, moref, number), join(target, 'letters', letter), 'junction')
  }
  return volumes
    .map(({ number, letter }) =>
      letter === undefined
        ? `volume ${number} has no drive letter and is not mounted\n`
        : `volume ${number} mounted as ${letter}\n`,
    )
    .join('')
}

function exportImage(folder: string, vm: SimulatedVm, target: string): string {
  for (const { node, sizeBytes } of vm.disks) {
    const name = `${node.replace(':', '-')}-${vm.name}`
    copyFileSync(diskFile(folder, vm.moref, node), join(target, `${name}-flat.vmdk`))
    writeFileSync(
      join(target, `${name}.vmdk`),
      `# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\n\nRW ${sizeBytes / 512} FLAT "${name}-flat.vmdk" 0\n\nddb.adapterType = "lsilogic"\n`,
    )
  }
  writeFileSync(join(target, `${vm.name}.vmx`), vmxOf(vm))
  writeFileSync(join(target, `${vm.name}.nvram`), Buffer.from([0x4d, 0x52, 0x56, 0x4e, 0x00, 0xff]))
  writeFileSync(join(target, 'catalog'), `version= esx-3.0\ndisplay_name = "${vm.name}"\nuuid= "${vm.uuid}"\nfolderpath= "/vm"\n`)
  return `exported ${vm.disks.length} disks\n`
}

const vmxOf = ({ name, uuid, windows, disks }: SimulatedVm): string =>
  [
    `displayName = "${name}"`,
    `guestOS = "${windows ? 'winnetstandard' : 'rhel4'}"`,
    'numvcpus = "2"',
    'memsize = "1024"',
    `uuid.bios = "${uuid}"`,
    'scsi0.present = "TRUE"',
    'scsi0.virtualDev = "lsilogic"',
    ...disks.flatMap(({ node }) => [
      `${node}.present = "TRUE"`,
      `${node}.deviceType = "scsi-hardDisk"`,
      `${node}.fileName = "${node.replace(':', '-')}-${name}.vmdk"`,
    ]),
    'ide1:0.present = "TRUE"',
    'ide1:0.deviceType = "cdrom-image"',
    'ide1:0.fileName = "tools.iso"',
    'ethernet0.present = "TRUE"',
    'ethernet0.networkName = "VM Network"',
    'ethernet0.generatedAddress = "00:0c:29:00:00:01"',
    '',
  ].join('\n')

function unmount(folder: string, target: string): string {
  changeWorld(folder, ({ mounts }) => {
    const index = mounts.findIndex((each) => each.folder === target)
    if (index < 0 || !existsSync(join(target, MARK))) throw new Refused(`${target} is not mounted`)
    mounts.splice(index, 1)
    rmSync(target, { recursive: true })
  })
  return ''
}

// ---- restore ---------------------------------------------------------------------------------------------------------

function restore(folder: string, options: Options): string {
  const source = options.get('s') ?? ''
  const vmx = existsSync(source) ? readdirSync(source).find((name) => name.endsWith('.vmx')) : undefined
  if (vmx === undefined) throw new Refused(`${source} holds no virtual machine`)
  const text = (name: string): string => readFileSync(join(source, name), 'utf8')
  const name = parseSettings(text('catalog')).get('display_name') ?? basename(vmx, '.vmx')
  return changeWorld(folder, (world) => {
    const there = world.vms.find((vm) => vm.name === name)
    if (there && options.get('b') !== 'overwrite') throw new Refused(`${name} exists already`)
    const moref = there?.moref ?? `vm-${world.nextNumber}`
    world.nextNumber += 1
    mkdirSync(join(folder, 'vms', moref), { recursive: true })
    const disks = disksIn(parseSettings(text(vmx))).map(({ disk, file }) => {
      const extent = flatExtentIn(text(file))
      if (!extent) throw new Refused(`${file} cannot be read`)
      copyFileSync(join(source, extent.file), diskFile(folder, moref, disk))
      return { node: disk, sizeBytes: statSync(join(source, extent.file)).size }
    })
    const vm: SimulatedVm = {
      moref,
      name,
      uuid: `50-${moref}`,
      windows: false,
      quiesces: 'none',
      snapshotIsSlow: false,
      disks,
      volumes: [],
      snapshots: [],
      restored: true,
    }
    if (there) world.vms.splice(world.vms.indexOf(there), 1)
    world.vms.push(vm)
    return `restored ${name}\n`
  })
}
