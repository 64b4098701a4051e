// The monitor's commands on a simulated QEMU, with the errors of version 7.2 as they were seen.
import { writeFile } from 'node:fs/promises'
import { isObject, type Json, type JsonObject } from '../../../values/index.ts'
import { baseOf, type Node, type SimulatedMachine } from './machine.ts'

export class Refused extends Error {
  readonly errorClass: string

  constructor(message: string, errorClass = 'GenericError') {
    super(message)
    this.name = 'Refused'
    this.errorClass = errorClass
  }
}

type Command = (machine: SimulatedMachine, args: JsonObject) => Json | Promise<Json>

export const COMMANDS: Readonly<Record<string, Command>> = {
  qmp_capabilities: () => ({}),
  'query-uuid': ({ uuid }) => ({ UUID: uuid }),
  'query-name': ({ name }) => ({ name }),
  'query-status': ({ status }) => ({ status, running: status === 'running', singlestep: false }),
  'query-cpus-fast': () => [{ 'cpu-index': 0 }],
  'query-memory-size-summary': () => ({ 'base-memory': 134_217_728, 'plugged-memory': 0 }),
  'query-rx-filter': () => [],
  'query-block': (machine) => [...machine.drives.values()].map(({ device, connected }) => blockOf(machine, device, connected)),
  'query-named-block-nodes': ({ nodes }) => [...nodes.values()].map(described),
  'query-jobs': ({ jobs }) => [...jobs.values()].map((job) => ({ type: 'create', status: 'concluded', ...job })),
  'query-block-exports': ({ exports }) =>
    [...exports.values()].map(({ id, node }) => ({ id, type: 'nbd', 'node-name': node, 'shutting-down': false })),
  stop: (machine) => {
    machine.status = 'paused'
    return {}
  },
  cont: (machine) => {
    machine.status = 'running'
    return {}
  },
  transaction: (machine, { actions }) => {
    const all = (actions as readonly JsonObject[]).map(({ type, data }) => [String(type), data as JsonObject] as const)
    // Nothing is done unless all can be; what one action makes the next may use.
    const made = new Set<string>()
    for (const [type, { node, name }] of all) {
      if (type === 'block-dirty-bitmap-add') made.add(`${node}/${name}`)
    }
    for (const [type, data] of all) checkBitmap(machine, type, data, made)
    for (const [type, data] of all) changeBitmap(machine, type, data)
    return {}
  },
  'block-dirty-bitmap-remove': (machine, args) => {
    checkBitmap(machine, 'block-dirty-bitmap-remove', args, new Set())
    changeBitmap(machine, 'block-dirty-bitmap-remove', args)
    return {}
  },
  'blockdev-create': async (machine, args) => {
    const [id, options] = [String(args['job-id']), args.options as JsonObject]
    if (machine.jobs.has(id)) throw new Refused(`Job ID '${id}' already in use`)
    if (options.driver === 'file') await writeFile(String(options.filename), '', { mode: 0o600 })
    machine.jobs.set(id, { id })
    return {}
  },
  'job-dismiss': ({ jobs }, { id }) => {
    if (!jobs.delete(String(id))) throw new Refused('Job not found')
    return {}
  },
  'blockdev-add': (machine, args) => {
    addNode(machine, args)
    return {}
  },
  'blockdev-del': (machine, args) => {
    const name = String(args['node-name'])
    if (!machine.nodes.has(name)) throw new Refused(`Failed to find node with node-name='${name}'`)
    const isUsed =
      [...machine.nodes.values()].some(({ on }) => on.includes(name)) ||
      [...machine.drives.values()].some(({ connected }) => connected === name) ||
      [...machine.exports.values()].some(({ node }) => node === name)
    if (isUsed) throw new Refused(`Node ${name} is in use`)
    machine.nodes.delete(name)
    return {}
  },
  'qom-set': (machine, { path, value }) => {
    const drive = [...machine.drives.values()].find(({ device }) => device === path)
    const node = machine.nodes.get(String(value))
    if (!drive || !node) throw new Refused(`Device '${String(path)}' or node '${String(value)}' not found`, 'DeviceNotFound')
    if (drive.connected === node.name)
      machine.aborted = `QEMU ended itself: ${drive.device} was connected to ${node.name} already`
    drive.connected = node.name
    const content = baseOf(machine, node.name)?.content
    if (node.driver === 'copy-before-write' && content) node.kept = content.freeze()
    return {}
  },
  'nbd-server-start': async (machine, { addr }) => {
    if (machine.serving) throw new Refused('NBD server already running')
    const { path } = ((addr as JsonObject).data ?? {}) as JsonObject
    await writeFile(String(path), '')
    machine.serving = { path: String(path) }
    return {}
  },
  'nbd-server-stop': (machine) => {
    if (!machine.serving) throw new Refused('NBD server not running')
    delete machine.serving
    machine.exports.clear()
    return {}
  },
  'block-export-add': (machine, args) => {
    const [id, node] = [String(args.id), String(args['node-name'])]
    if (!machine.serving) throw new Refused('NBD server not running')
    if (machine.exports.has(id)) throw new Refused(`Block export id '${id}' is already in use`)
    if (!machine.nodes.has(node)) throw new Refused(`Cannot find device='' nor node-name='${node}'`)
    const bitmaps = (Array.isArray(args.bitmaps) ? args.bitmaps : []) as unknown as {
      readonly node: string
      readonly name: string
    }[]
    for (const { node: of, name } of bitmaps)
      if (!machine.nodes.get(of)?.bitmaps.has(name)) throw new Refused(`Bitmap '${name}' is not found`)
    machine.exports.set(id, { id, name: String(args.name), node, bitmaps })
    return {}
  },
  'block-export-del': ({ exports }, { id }) => {
    if (!exports.delete(String(id))) throw new Refused(`Export '${String(id)}' is not found`)
    return {}
  },
}

function addNode(machine: SimulatedMachine, args: JsonObject): void {
  const [name, driver] = [String(args['node-name']), String(args.driver)]
  if (machine.nodes.has(name)) throw new Refused(`Duplicate nodes with node-name='${name}'`)
  const on = [args.file, args.target].flatMap((each) => (typeof each === 'string' ? [each] : []))
  for (const each of on) if (!machine.nodes.has(each)) throw new Refused(`Cannot find device='' nor node-name='${each}'`)
  const below = machine.nodes.get(on[0] ?? '')
  const sizeBytes = below?.sizeBytes ?? 0
  machine.nodes.set(name, {
    name,
    driver,
    filename: typeof args.filename === 'string' ? args.filename : (below?.filename ?? ''),
    sizeBytes,
    bitmaps: new Map(),
    on,
  })
}

function checkBitmap({ nodes }: SimulatedMachine, type: string, data: JsonObject, made: ReadonlySet<string>): void {
  const node = nodes.get(String(data.node))
  if (!node) throw new Refused(`Cannot find device='' nor node-name='${String(data.node)}'`)
  const has = (name: string): boolean => node.bitmaps.has(name)
  if (type === 'block-dirty-bitmap-add' && has(String(data.name)))
    throw new Refused(`Bitmap already exists: ${String(data.name)}`)
  if (type === 'block-dirty-bitmap-remove' && !has(String(data.name)))
    throw new Refused(`Dirty bitmap '${String(data.name)}' not found`)
  if (type !== 'block-dirty-bitmap-merge') return
  const target = String(data.target)
  if (!has(target) && !made.has(`${node.name}/${target}`)) throw new Refused(`Dirty bitmap '${target}' not found`)
  for (const source of data.bitmaps as readonly string[])
    if (!has(source)) throw new Refused(`Dirty bitmap '${source}' not found`)
}

function changeBitmap({ nodes }: SimulatedMachine, type: string, data: JsonObject): void {
  const node = nodes.get(String(data.node))
  const name = String(data.name)
  if (type === 'block-dirty-bitmap-remove') node?.bitmaps.delete(name)
  else if (type === 'block-dirty-bitmap-add')
    node?.bitmaps.set(name, { name, recording: data.disabled !== true, persistent: data.persistent === true, dirty: new Set() })
  else
    for (const source of data.bitmaps as readonly string[])
      for (const piece of node?.bitmaps.get(source)?.dirty ?? []) node?.bitmaps.get(String(data.target))?.dirty.add(piece)
}

function described(node: Node): JsonObject {
  const { name, driver, filename, sizeBytes, bitmaps } = node
  return {
    'node-name': name,
    drv: driver,
    file: filename,
    image: { 'virtual-size': sizeBytes, filename },
    ...(bitmaps.size === 0
      ? {}
      : {
          'dirty-bitmaps': [...bitmaps.values()].map((bitmap) => ({
            name: bitmap.name,
            recording: bitmap.recording,
            persistent: bitmap.persistent,
            busy: false,
            count: bitmap.dirty.size,
          })),
        }),
  }
}

function blockOf({ nodes }: SimulatedMachine, device: string, connected: string): JsonObject {
  const node = nodes.get(connected)
  return { device: '', qdev: device, type: 'unknown', ...(node ? { inserted: { ro: false, ...described(node) } } : {}) }
}

export const argumentsOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {})
