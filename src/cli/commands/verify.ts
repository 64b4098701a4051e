// `holdfast verify`: every placement of a few faults in a runbook, against what its packs' manifests say. Touches nothing.

import { replay, reportAsText, storyAsText, verifyRunbook } from '../../verify/index.ts'
import { unboundTargets } from '../bind-targets.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { type InputOptions, readSomeInputs } from '../inputs.ts'
import { checkedRunbook, openSession } from '../session.ts'

interface Options extends InputOptions {
  readonly faults: number
  readonly items: number
  readonly states: number
  readonly replay?: string
  readonly format: 'text' | 'json'
}

export const run: RunCommand<[runbook: string], Options> = async (host, options, fileOrName) => {
  const session = await openSession(host, options)
  const { runbook, catalogue, sources } = await checkedRunbook(session, fileOrName, { operations: false })
  const inputs = await readSomeInputs(host, runbook, options)
  const targets = unboundTargets(runbook, catalogue)
  const request = { runbook, catalogue, inputs, targets, items: options.items, faults: options.faults, maxStates: options.states }
  if (options.replay !== undefined) {
    const story = await replay(request, options.replay)
    host.stdout.write(options.format === 'json' ? `${JSON.stringify(story, undefined, 2)}\n` : storyAsText(story, sources))
    return story.violations.length > 0 ? EXIT.checkFailed : EXIT.done
  }
  const startedAt = performance.now()
  const report = await verifyRunbook(request)
  const seconds = (performance.now() - startedAt) / 1000
  host.stdout.write(
    options.format === 'json'
      ? `${JSON.stringify({ ...report, seconds }, undefined, 2)}\n`
      : reportAsText(report, sources, seconds),
  )
  return report.stories.length > 0 ? EXIT.checkFailed : EXIT.done
}
