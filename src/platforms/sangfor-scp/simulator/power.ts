// Power of VMs, and what goes with it: guest tools that take their time, hot-added disks that are gone with a proxy's power. [S11]
import { hotAddedTo, unplug } from './hot-add.ts'
import type { Vm, World } from './model.ts'

export function powerOn(world: World, vm: Vm): void {
  if (vm.status === 'running') return
  const { clock, behaviour } = world
  vm.status = 'running'
  vm.hostId = behaviour.startsOnHost ?? vm.hostId
  if (Number.isFinite(vm.toolsAt)) vm.toolsAt = clock.now() + behaviour.toolsAfterMs
  if (vm.osName === 'Backup Proxy') world.startedProxies.add(vm.id)
}

/** By a call: whoever powers a proxy off ends the backups that read through it. */
export function powerOff(world: World, vm: Vm): void {
  for (const { id } of hotAddedTo(world, vm.id)) world.mishaps.push(`${vm.name} was powered off with ${id} hot-added to it`)
  losePower(world, vm)
}

export function losePower(world: World, vm: Vm): void {
  vm.status = 'stopped'
  world.startedProxies.delete(vm.id)
  for (const disk of hotAddedTo(world, vm.id)) unplug(world, disk)
}
