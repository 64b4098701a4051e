// QEMU in code: a handler for each action, because a monitor is no REST API. Guests are the guest pack's concern.
import type { Handlers } from '../../packs/index.ts'
import type { Platform } from '../platform.ts'
import { onVm } from './call.ts'
import { changes, evidence } from './changes.ts'
import { createCheckpoint, deleteCheckpoint, findCheckpoint } from './checkpoints.ts'
import { createExport, deleteExport, findExport } from './exports.ts'
import { createImages, deleteImages, findImages } from './images.ts'
import { createScratch, deleteScratch, findScratch } from './scratch.ts'
import { createSnapshot, deleteSnapshot, findSnapshot } from './snapshots.ts'
import { listing, listVms } from './sweeps.ts'
import { getVm, pauseVm, resumeVm, vmState } from './vm.ts'

const handlers: Handlers = {
  'qemu/vm.get': onVm(getVm),
  'qemu/vm.list': listVms,
  'qemu/vm.pause': onVm(pauseVm),
  'qemu/vm.state': onVm(vmState),
  'qemu/vm.resume': onVm(resumeVm),
  'qemu/checkpoint.create': onVm(createCheckpoint),
  'qemu/checkpoint.takeOver': onVm(findCheckpoint),
  'qemu/checkpoint.find': onVm(findCheckpoint),
  'qemu/checkpoint.list': onVm(listing('checkpoints', findCheckpoint)),
  'qemu/checkpoint.delete': onVm(deleteCheckpoint),
  'qemu/scratch.create': onVm(createScratch),
  'qemu/scratch.find': onVm(findScratch),
  'qemu/scratch.list': onVm(listing('scratches', findScratch)),
  'qemu/scratch.delete': onVm(deleteScratch),
  'qemu/snapshot.create': onVm(createSnapshot),
  'qemu/snapshot.find': onVm(findSnapshot),
  'qemu/snapshot.list': onVm(listing('snapshots', findSnapshot)),
  'qemu/snapshot.delete': onVm(deleteSnapshot),
  'qemu/export.create': onVm(createExport),
  'qemu/export.find': onVm(findExport),
  'qemu/export.list': onVm(listing('exports', findExport)),
  'qemu/export.delete': onVm(deleteExport),
  'qemu/export.changes': changes,
  'qemu/export.evidence': evidence,
  'qemu/images.create': createImages,
  'qemu/images.find': (input) => findImages(input),
  'qemu/images.delete': deleteImages,
}

export const qemu: Platform = {
  pack: 'qemu',
  handlers,
  logins: {},
  demo: async () => (await import('./measuring/demo.ts')).startDemo,
  standIn: async () => (await import('./simulator/index.ts')).startStandIn,
}
