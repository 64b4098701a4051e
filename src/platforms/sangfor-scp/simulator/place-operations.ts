// Operations that tell what there is beside VMs: pools, hosts, storages, tasks.
import { Refusal } from './model.ts'
import { type Operations, ok, pages } from './operation.ts'
import { describeTask } from './tasks.ts'

export const placeOperations: Operations = {
  listAzs: ({ azId }) => pages([{ id: azId, name: 'pool-1', type: 'hci' }]),

  listClusters: ({ azId, clusterId }) =>
    pages([{ id: clusterId, az_id: azId, type: 'hci', version: '6.11.1', status: 'running' }]),

  listHosts: ({ hosts, azId, clusterId }) =>
    pages(hosts.map((host) => ({ ...host, ip: '127.0.0.1', status: 'running', az_id: azId, cluster_id: clusterId }))),

  listStorages: ({ storages, azId, clusterId }) =>
    pages(
      [...storages.values()].map(({ id, name, type, hostIds }) => ({
        id,
        name,
        type,
        status: 'ok',
        shared: 1,
        az_id: azId,
        cluster_id: clusterId,
        host_ids: hostIds,
        total_mb: 8_000_000,
        used_mb: 2_000_000,
      })),
    ),

  getTask: (world, { path }) => {
    const task = world.tasks.get(path.task_id ?? '')
    if (!task) throw new Refusal(404, 'The task does not exist.')
    return ok(describeTask(world, task))
  },

  listTasks: (world, { query }) => {
    const found = [...world.tasks.values()].filter((task) => query.object_id === undefined || task.objectId === query.object_id)
    const described = found.map((task) => {
      // In the list the id goes by another name.
      const { task_id, ...rest } = describeTask(world, task)
      return { id: task_id, ...rest }
    })
    return pages(described.filter((task) => query.status === undefined || task.status === query.status))
  },
}
