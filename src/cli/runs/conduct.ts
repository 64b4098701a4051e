// Watches a run to its end on behalf of a person: Ctrl-C cancels with clean-up, a second one leaves as soon as nothing critical is held and
// says what is owed, a third one leaves at once.
import type { RunningRun } from '../../engine/index.ts'
import type { Obligation, Outcome } from '../../kernel/index.ts'
import { alertOfOwed } from '../alerts/index.ts'
import type { App } from '../app.ts'
import type { Config } from '../config/index.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import type { View } from '../views/index.ts'

const LOOK_AGAIN_MS = 50

export async function conduct(host: Host, config: Config, app: App, view: View, run: RunningRun): Promise<ExitCode> {
  let interrupts = 0
  const stopListening = host.onInterrupt((signal) => {
    // A terminal that goes away says so more than once, and nobody presses anything then.
    if (signal === 'SIGHUP' && interrupts > 0) return
    interrupts += 1
    if (interrupts === 1) {
      run.cancel('interrupted by the operator')
      view.notice({ kind: 'cancelling', runId: run.id, at: app.clock.now() })
    }
    if (interrupts === 2) void leave()
  })

  // A mistake anywhere in the process, or in a library, must not leave a guest frozen.
  const stopCatching = host.onBreakdown((error) => run.abandon(error))

  async function leave(): Promise<void> {
    while (run.holdsCritical() && interrupts < 3) await app.clock.sleep(LOOK_AGAIN_MS)
    view.notice({ kind: 'left', runId: run.id, at: app.clock.now(), owed: await openObligations(app, run.id) })
    await view.close()
    host.leaveAtOnce(EXIT.owing)
  }

  try {
    const outcome = await run.ended
    await sayOwed(app, view, run.id, outcome)
    await alertOfOwed(host, config, app, run.id, outcome)
    return exitCodeOf(outcome)
  } finally {
    stopListening()
    stopCatching()
    await view.close()
  }
}

export async function sayOwed(app: App, view: View, runId: string, { owed }: Outcome): Promise<void> {
  if (owed.length > 0) view.notice({ kind: 'owing', runId, at: app.clock.now(), owed: await openObligations(app, runId) })
}

export function exitCodeOf({ status, owed }: Outcome): ExitCode {
  if (owed.length > 0) return EXIT.owing
  switch (status) {
    case 'succeeded':
      return EXIT.done
    case 'failed':
      return EXIT.failed
    case 'cancelled':
      return EXIT.cancelled
    default:
      return status satisfies never
  }
}

const openObligations = async (app: App, runId: string): Promise<readonly Obligation[]> =>
  (await app.journal.obligations({ open: true, runId })).map(({ obligation }) => obligation)
