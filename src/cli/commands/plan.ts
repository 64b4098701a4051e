// `holdfast plan`: what a run would do. Offline: what only a run can tell is unknown, and so is an input that is not given.

import { planAsMermaid, planAsText, planRunbook } from '../../plan/index.ts'
import { unboundTargets } from '../bind-targets.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { type InputOptions, readSomeInputs } from '../inputs.ts'
import { checkedRunbook, openSession } from '../session.ts'

interface Options extends InputOptions {
  readonly format: 'text' | 'json' | 'mermaid'
}

export const run: RunCommand<[runbook: string], Options> = async (host, options, fileOrName) => {
  const session = await openSession(host, options)
  const { runbook, catalogue } = await checkedRunbook(session, fileOrName, { operations: false })
  const inputs = await readSomeInputs(host, runbook, options)
  const targets = unboundTargets(runbook, catalogue)
  const plan = await planRunbook({ runbook, catalogue, inputs, targets })
  switch (options.format) {
    case 'json':
      host.stdout.write(`${JSON.stringify(plan, undefined, 2)}\n`)
      break
    case 'mermaid':
      host.stdout.write(planAsMermaid(plan))
      break
    case 'text':
      host.stdout.write(planAsText(plan))
      break
    default:
      options.format satisfies never
  }
  return EXIT.done
}
