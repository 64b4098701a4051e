// From where a vault lies to the storage there, in this thread or in a worker. What a storage needs is loaded with its first use.
import { Secret } from '../../values/index.ts'
import type { Backend, BackendAddress } from '../backend.ts'
import { localBackend } from './local.ts'
import { retrying } from './retrying.ts'

/** Connects to nothing yet. The caller closes it. */
export async function backendAt(address: BackendAddress): Promise<Backend> {
  switch (address.kind) {
    case 'local':
      return localBackend(address.directory)
    case 'sftp': {
      const { sftpBackend } = await import('./sftp.ts')
      return retrying(sftpBackend(address))
    }
    case 's3': {
      const { s3Backend } = await import('./s3.ts')
      return retrying(s3Backend(address))
    }
  }
}

/** An address on its way into a thread of this process: a secret that is copied there would lose what it holds. */
export type CarriedAddress = { readonly carried: unknown }

export const carry = (address: BackendAddress): CarriedAddress => ({
  carried: mapDeep(address, (value) => (value instanceof Secret ? { [REVEALED]: value.reveal() } : undefined)),
})

export const arrived = ({ carried }: CarriedAddress): BackendAddress =>
  mapDeep(carried, (value) => {
    const revealed = (value as Readonly<Record<string, unknown>>)[REVEALED]
    return typeof revealed === 'string' ? new Secret(revealed) : undefined
  }) as BackendAddress

const REVEALED = '$secret'

/** A copy in which each object that the replacement knows stands replaced. */
function mapDeep(value: unknown, replace: (value: object) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return (
    replace(value) ??
    (Array.isArray(value)
      ? value.map((item) => mapDeep(item, replace))
      : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapDeep(item, replace)])))
  )
}
