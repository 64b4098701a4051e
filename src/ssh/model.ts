// Hosts that programs run on, and how a program ended. Plain data.
import type { Secret } from '../values/index.ts'

export interface SshHost {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly login:
    | { readonly kind: 'password'; readonly password: Secret }
    /** OpenSSH or PEM, the whole file. */
    | { readonly kind: 'key'; readonly privateKey: Secret; readonly passphrase?: Secret }
  /** Type and key as a `.pub` file or `known_hosts` has them, `ssh-ed25519 AAAA…`. A host that shows another one gets no login. */
  readonly hostKey: string
}

export interface Program {
  /** The program and its arguments, each as it is: quoting happens where a shell is met. */
  readonly argv: readonly [string, ...string[]]
  /** All that it can read; its standard input ends after it. Default: nothing. */
  readonly stdin?: Uint8Array
  /** From the call on, connecting included. Default: none but the signal's. */
  readonly timeoutMs?: number
  /** Of standard output and of standard error each. Default: 1 MiB. */
  readonly maxOutputBytes?: number
}

export interface Ended {
  /** Absent when a signal ended it. */
  readonly exitCode?: number
  /** Such as `SIGTERM`. */
  readonly signal?: string
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/** Runs the program to its end. Rejects with the signal's reason when aborted, then the program is killed as far as it can be reached. */
export type RunProgram = (program: Program, signal: AbortSignal) => Promise<Ended>

export const DEFAULT_MAX_OUTPUT_BYTES = 1_048_576
