// Quick restore: an NFS export as a storage, disks that are read from files on it, and their data merged into the disks at last.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { BackingFile } from './model.ts'
import { Refusal, type Storage, type World } from './model.ts'
import { type Operations, ok, task, vmIn } from './operation.ts'
import { diskFromImage } from './vm-spec.ts'

interface Attach {
  readonly nfs_datastore: {
    readonly name: string
    readonly attached_host_ids: readonly string[]
    readonly server: { readonly export_path: string }
  }
}

export const quickRestoreOperations: Operations = {
  attachNfs: (world, call) => {
    const { name, attached_host_ids: hostIds, server } = (call.body as unknown as Attach).nfs_datastore
    const id = `nfs_${world.newId().slice(0, 8)}`
    return ok(
      task(world, call, 'attach_nfs', id, () => {
        if (!existsSync(server.export_path)) throw new Refusal(400, 'The NFS export cannot be mounted.')
        world.storages.set(id, { id, name, type: 'nfs', hostIds: [...hostIds], exportPath: server.export_path })
      }),
    )
  },

  detachStorage: (world, call) => {
    const { storage_id: id = '' } = call.path
    const storage = attached(world, id)
    return ok(
      task(world, call, 'detach_storage', storage.id, () => {
        if (backingFiles(world).some(({ storageId }) => storageId === id)) {
          throw new Refusal(400, 'A virtual machine runs from this storage.')
        }
        world.storages.delete(id)
      }),
    )
  },

  rebaseBackingFile: (world, call) => {
    const vm = vmIn(world, call)
    const { disks } = call.body as unknown as { disks: { disk_id: string; datastore: string; path: string }[] }
    return ok(
      task(world, call, 'rebase', vm.id, () => {
        if (vm.status !== 'stopped') throw new Refusal(400, 'The virtual machine must be powered off.')
        const files = disks.map(({ disk_id: diskId, datastore, path }): BackingFile => {
          const file = join(attached(world, datastore).exportPath ?? '', path)
          if (!existsSync(file)) throw new Refusal(400, `The storage has no file ${path}.`)
          return { diskId, storageId: datastore, file }
        })
        for (const { diskId, file } of files) {
          const at = vm.disks.findIndex(({ id }) => id === diskId)
          const disk = vm.disks[at]
          if (!disk) throw new Refusal(404, `The virtual machine has no disk ${diskId}.`)
          vm.disks[at] = { ...disk, disk: diskFromImage(file) }
        }
        vm.backing.push(...files)
        vm.tracking.expired = true
      }),
    )
  },

  mergeBackupData: (world, call) => {
    const vm = vmIn(world, call)
    return ok(
      task(world, call, 'merge', vm.id, () => {
        const gone = vm.backing.find(({ file }) => !existsSync(file))
        if (gone) throw new Refusal(400, `The file that ${gone.diskId} is read from is gone.`)
        vm.backing.length = 0
      }),
    )
  },
}

const backingFiles = ({ vms }: World): BackingFile[] => [...vms.values()].flatMap(({ backing }) => backing)

function attached({ storages }: World, id: string): Storage {
  const storage = storages.get(id)
  if (storage?.exportPath === undefined) throw new Refusal(404, `There is no NFS storage ${id}.`)
  return storage
}
