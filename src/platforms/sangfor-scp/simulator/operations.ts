// Every operation of the API, by operationId.
import { fileOperations } from './file-operations.ts'
import { hotAddOperations } from './hot-add-operations.ts'
import { leaseOperations } from './lease-operations.ts'
import type { Operations } from './operation.ts'
import { placeOperations } from './place-operations.ts'
import { quickRestoreOperations } from './quick-restore.ts'
import { groupOperations, snapshotOperations } from './snapshot-operations.ts'
import { vmOperations } from './vm-operations.ts'

export const operations: Operations = {
  ...placeOperations,
  ...vmOperations,
  ...snapshotOperations,
  ...groupOperations,
  ...leaseOperations,
  ...hotAddOperations,
  ...quickRestoreOperations,
  ...fileOperations,
}
