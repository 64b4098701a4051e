// A running VM of a libvirt of our own, to be backed up by whoever is measured: the measuring guest writes to two disks of its, and a third one
// is written to from outside, as the guest would, so that it is known what was.
import { execFile } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openMonitor } from '../../src/platforms/qemu/monitor.ts'
import { type Beats, hearBeats } from '../../test/platforms/qemu/beats.ts'
import { giveAway, startLibvirt } from '../../test/platforms/qemu/libvirt.ts'
import { startLibvirtGuest } from '../../test/platforms/qemu/libvirt-guest.ts'
import { createImage } from './image.ts'

export interface BenchDomain extends AsyncDisposable {
  readonly uri: string
  /** Name of the domain. */
  readonly name: string
  /** The third disk, as libvirt and as QEMU call it. */
  readonly disk: { readonly target: 'vdc'; readonly device: 'ua-bulk' }
  /** Where whoever runs as the VM does may write. */
  readonly scratch: string
  readonly sizeBytes: number
  readonly beats: Beats
  /** Writes 4 KiB at each of so many random places of the third disk; answers how many MiB of it they lie in. */
  write(pages: number): Promise<number>
}

const PAGE_BYTES = 4096
const CHUNK_BYTES = 2 ** 20

export async function openDomain(folder: string, sizeBytes: number): Promise<BenchDomain> {
  await using opened = new AsyncDisposableStack()
  const libvirt = opened.use(await startLibvirt(folder))
  const vm = join(folder, 'vm')
  await mkdir(vm)
  const [raw, bulk] = [join(vm, 'bulk.raw'), join(vm, 'bulk.qcow2')]
  await createImage(raw, sizeBytes)
  await promisify(execFile)('qemu-img', ['convert', '-O', 'qcow2', raw, bulk])
  await rm(raw)
  giveAway(bulk)
  const guest = opened.use(await startLibvirtGuest(libvirt, vm, { bulk }))
  const own = opened.use(await openMonitor(guest.ownMonitor, new AbortController().signal))
  const beats = opened.use(await hearBeats(guest.beatsPath))
  const write = async (pages: number): Promise<number> => {
    const chunks = new Set<number>()
    for (let count = 0; count < pages; count += 1) {
      const offsetBytes = Math.floor((Math.random() * sizeBytes) / PAGE_BYTES) * PAGE_BYTES
      const fill = 1 + Math.floor(Math.random() * 255)
      const line = `qemu-io -d /machine/peripheral/ua-bulk/virtio-backend "write -q -P ${fill} ${offsetBytes} ${PAGE_BYTES}"`
      await own.ask('human-monitor-command', { 'command-line': line })
      chunks.add(Math.floor(offsetBytes / CHUNK_BYTES))
    }
    return chunks.size
  }
  const running = opened.move()
  return {
    ...{ uri: libvirt.uri, name: 'measured', disk: { target: 'vdc', device: 'ua-bulk' }, scratch: vm, sizeBytes, beats, write },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}
