// Why a program could not be run, or why nobody knows how it ended.

export type SshReason =
  /** A pinned host key or a private key that cannot be read, or an argument that no program can be given. */
  | 'unusable'
  | 'unreachable'
  /** The host showed another key than the pinned one. */
  | 'hostKeyUnknown'
  | 'loginRefused'
  /** The host runs no programs for this login. */
  | 'refused'
  /** There is no such program, or the login may not run it. */
  | 'notStarted'
  | 'timedOut'
  | 'outputTooLarge'
  /** The connection broke while the program ran. */
  | 'lost'

export class SshFailed extends Error {
  readonly reason: SshReason
  /** Whether the program may have been started. */
  readonly started: boolean

  constructor(reason: SshReason, message: string, started: boolean, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SshFailed'
    this.reason = reason
    this.started = started
  }
}
