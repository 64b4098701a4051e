// Why a program could not be run over WinRM, or why nobody knows how it ended.

export class WinrmFailed extends Error {
  /** `refused`: the service answered with a fault. `lost`: the connection broke when the program may have been running. */
  readonly reason: 'unusable' | 'unreachable' | 'loginRefused' | 'refused' | 'lost'
  /** Whether the program may have been started. */
  readonly started: boolean

  constructor(reason: WinrmFailed['reason'], message: string, started: boolean, options?: ErrorOptions) {
    super(message, options)
    this.name = 'WinrmFailed'
    this.reason = reason
    this.started = started
  }
}
