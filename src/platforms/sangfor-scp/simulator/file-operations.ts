// Files of a VM's own: its BIOS, and the state of its TPM, which a snapshot keeps as it was.
import { type OwnFile, Refusal, type World } from './model.ts'
import { type OperationCall, type Operations, ok } from './operation.ts'
import { memberOf } from './snapshots.ts'
import { vmOf } from './vms.ts'

export const fileOperations: Operations = {
  downloadFile: (world, call) => {
    const file = fileIn(world, call)
    const vm = vmOf(world, call.query.server_id ?? '')
    const { snapshot_id: snapshotId } = call.query
    if (file === 'TPM' && snapshotId === undefined) throw new Refusal(400, 'The state of a TPM is read from a snapshot.')
    const files = snapshotId === undefined ? vm.files : memberOf(world, vm, snapshotId).member.files
    const bytes = files.get(file)
    if (!bytes) throw new Refusal(404, `The virtual machine has no file of type ${file}.`)
    return { status: 200, bytes }
  },

  uploadFile: (world, call) => {
    const file = fileIn(world, call)
    if (!world.storages.has(call.query.storage_id ?? '')) throw new Refusal(400, 'The storage does not exist.')
    const { files, status } = vmOf(world, call.query.server_id ?? '')
    if (call.bytes.length === 0) throw new Refusal(400, 'The file is empty.')
    if (status !== 'stopped') throw new Refusal(400, 'The virtual machine must be powered off.')
    files.set(file, call.bytes)
    return ok({ success: true })
  },
}

function fileIn({ clusterId }: World, { path, query }: OperationCall): OwnFile {
  if (path.cluster_id !== clusterId) throw new Refusal(404, 'The cluster does not exist.')
  return query.file_type === 'TPM' ? 'TPM' : 'BIOS'
}
