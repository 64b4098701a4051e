// A bucket of an object store, and what opens it. Plain data but for its secrets.
import type { Secret } from '../values/index.ts'

export interface S3Bucket {
  readonly bucket: string
  /** Where the service answers, such as `https://s3.example:9000`; absent: Amazon's, of the region. */
  readonly endpoint?: string
  readonly region: string
  /** Where the bucket's name stands. Default: in the path at an endpoint of one's own, in the host's name at Amazon's. */
  readonly addressing?: 'path' | 'virtual-host'
  readonly accessKeyId: Secret
  readonly secretAccessKey: Secret
  readonly sessionToken?: Secret
  /** PEM file of authorities that the service is trusted by, besides those that come with Node. */
  readonly caFile?: string
}

/** How long nobody may remove an object: `governance` leaves that to those with a right of their own, `compliance` to nobody. */
export interface Retention {
  readonly mode: 'governance' | 'compliance'
  readonly untilMs: number
}

/** The service's own answer to a request that it did not carry out. */
export class S3Failed extends Error {
  readonly status: number
  /** Such as `AccessDenied`; empty where the answer had none. */
  readonly code: string

  constructor(request: string, status: number, code: string, text: string) {
    super(`${request}: ${[status, code, text].filter((each) => each !== '').join(' ')}`)
    this.name = 'S3Failed'
    this.status = status
    this.code = code
  }
}

/** Nobody answered, or not to the end: whether the request was carried out is not known. */
export class S3Lost extends Error {
  constructor(request: string, options: { readonly cause: Error }) {
    super(`${request}: ${options.cause.message}`, options)
    this.name = 'S3Lost'
  }
}
