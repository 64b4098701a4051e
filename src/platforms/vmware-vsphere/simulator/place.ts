// The one place that this server has for VMs.
export const PLACE = {
  folderId: 'group-v3',
  poolId: 'resgroup-8',
  datacenter: 'DC0',
  datastore: 'datastore1',
  datastoreId: 'datastore-12',
}
