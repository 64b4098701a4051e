// `holdfast verify`: every placement of a few faults in a runbook, against what its packs' manifests say. Touches nothing.

import {
  replay,
  reportAsMarkdown,
  reportAsText,
  storyAsText,
  tableAsMarkdown,
  tableAsText,
  tabulate,
  type VerifyRequest,
  verifyRunbook,
} from '../../verify/index.ts'
import type { RunCommand } from '../command.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import type { Sources } from '../refusal.ts'
import { checkedRunbook, type InputOptions, openSession, readGivenInputs, readSomeInputs } from '../session/index.ts'
import { verifyRequest } from '../verification.ts'
import type { Bounds } from '../verified-before.ts'

interface Options extends InputOptions, Bounds {
  readonly table?: true
  readonly replay?: string
  readonly format: 'text' | 'json' | 'markdown'
}

export const run: RunCommand<[runbook: string], Options> = async (host, options, fileOrName) => {
  const session = await openSession(host, options)
  const loaded = await checkedRunbook(session, fileOrName, { operations: false })
  const { runbook, sources } = loaded
  await readSomeInputs(host, runbook, options)
  const request = verifyRequest(loaded, await readGivenInputs(host, runbook, options), options)
  if (options.replay !== undefined) return tellAgain(host, options, request, options.replay, sources)
  if (options.table) return printTable(host, options, request)
  return judge(host, options, request, sources)
}

async function judge(host: Host, { format }: Options, request: VerifyRequest, sources: Sources): Promise<ExitCode> {
  const startedAt = performance.now()
  const report = await verifyRunbook(request)
  const seconds = (performance.now() - startedAt) / 1000
  host.stdout.write(
    format === 'json'
      ? `${JSON.stringify({ ...report, seconds }, undefined, 2)}\n`
      : (format === 'markdown' ? reportAsMarkdown : reportAsText)(report, sources, seconds),
  )
  return report.stories.length > 0 ? EXIT.checkFailed : EXIT.done
}

async function printTable(host: Host, { format }: Options, request: VerifyRequest): Promise<ExitCode> {
  const table = await tabulate(request)
  host.stdout.write(
    format === 'json'
      ? `${JSON.stringify(table, undefined, 2)}\n`
      : (format === 'markdown' ? tableAsMarkdown : tableAsText)(table),
  )
  return EXIT.done
}

async function tellAgain(
  host: Host,
  { format }: Options,
  request: VerifyRequest,
  moves: string,
  sources: Sources,
): Promise<ExitCode> {
  const story = await replay(request, moves)
  if (!story) {
    host.stderr.write(
      'error: --replay: these moves belong to another runbook, another version of it, or other --items and inputs\n',
    )
    return EXIT.usage
  }
  host.stdout.write(format === 'json' ? `${JSON.stringify(story, undefined, 2)}\n` : storyAsText(story, sources))
  return story.violations.length > 0 ? EXIT.checkFailed : EXIT.done
}
