// Programs in a guest, run by its QEMU guest agent.
import type { Clock } from '../../packs/index.ts'
import type { Ended, RunProgram } from '../../ssh/index.ts'
import { isObject, type JsonObject } from '../../values/index.ts'
import { AgentFailed, openAgent } from './qemu-agent.ts'

const POLL_MS = 200

/**
 * Rejects with `AgentFailed`, or with the signal's reason: the program then goes on, for the agent cannot be told to end it. How a program ended is
 * told once; a connection that breaks over that leaves it open.
 */
export const overAgent =
  (path: string, clock: Clock): RunProgram =>
  async ({ argv: [program, ...args], stdin }, signal) => {
    using agent = await openAgent(path, signal)
    const started = await agent.ask('guest-exec', {
      path: program,
      arg: args,
      'capture-output': true,
      ...(stdin === undefined ? {} : { 'input-data': Buffer.from(stdin).toString('base64') }),
    })
    const pid = isObject(started) ? started.pid : undefined
    if (typeof pid !== 'number') throw new AgentFailed('lost', 'the guest agent did not say which process it started')
    for (;;) {
      const status = await agent.ask('guest-exec-status', { pid })
      if (isObject(status) && status.exited === true) return endedAs(status)
      await clock.sleep(POLL_MS, signal)
    }
  }

function endedAs(status: JsonObject): Ended {
  if (status['out-truncated'] === true) throw new AgentFailed('lost', 'the guest agent cut off what the program said')
  const text = (key: string): Buffer => Buffer.from(typeof status[key] === 'string' ? status[key] : '', 'base64')
  return {
    ...(typeof status.exitcode === 'number' ? { exitCode: status.exitcode } : {}),
    ...(typeof status.signal === 'number' ? { signal: String(status.signal) } : {}),
    stdout: text('out-data'),
    stderr: text('err-data'),
  }
}
