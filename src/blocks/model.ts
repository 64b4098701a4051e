// Disks as addressable bytes: extents, sources, sinks. A source or sink knows nothing of vaults, platforms or runs.

export type ExtentKind = 'data' | 'zero' | 'hole' | 'unchanged'

export interface Extent {
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly kind: ExtentKind
}

/** Where a disk can be read or written: plain data, so that a worker thread or another process can open it. */
export type DiskAddress =
  | {
      readonly kind: 'nbd'
      readonly host: string
      readonly port: number
      readonly exportName: string
      readonly tls?: TlsSettings | TlsFolder
    }
  | { readonly kind: 'nbd-unix'; readonly path: string; readonly exportName: string }
  | { readonly kind: 'file'; readonly path: string }

export interface TlsSettings {
  /** PEM or base64 DER certificate that the server must be signed by or be. Verification cannot be switched off. */
  readonly caCertificate: string
  /** Name to verify instead of the host. */
  readonly serverName?: string
  /** PEM, for mutual TLS. */
  readonly clientCertificate?: string
  readonly clientKey?: string
}

/** Certificates where NBD programs look for them: ca-cert.pem, and client-cert.pem with client-key.pem. So no address holds a key. */
export interface TlsFolder {
  readonly folder: string
}

export interface BlockSource extends AsyncDisposable {
  readonly sizeBytes: number
  /** Nobody promised that it can be opened more than once at a time: who does may wait in vain. */
  readonly isExclusive?: boolean
  /** Fills `into` from that offset. Many reads may be in flight. */
  read(offsetBytes: number, into: Buffer): Promise<void>
  /** What is there, in order and without gaps; one `data` extent where the source cannot tell. */
  extents(offsetBytes: number, lengthBytes: number): Promise<readonly Extent[]>
}

export interface BlockSink extends AsyncDisposable {
  readonly sizeBytes: number
  /** As of a source. */
  readonly isExclusive?: boolean
  /** When it was opened nothing had been written to it, ever: all of it reads as zero. */
  readonly isEmpty?: boolean
  write(offsetBytes: number, data: Buffer): Promise<void>
  /** Makes the range read as zero, without writing zeros where the sink can do better. */
  zero(offsetBytes: number, lengthBytes: number): Promise<void>
  /** Durable when resolved. */
  flush(): Promise<void>
}

export interface TransferProgress {
  readonly doneBytes: number
  readonly totalBytes: number
}
