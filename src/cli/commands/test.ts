// `holdfast test`: plays rehearsal files and says which came out otherwise than they expect. It touches nothing.
import { statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { entryOf, inputsSchema, readYaml, schemaDiagnostics, toJson } from '../../language/index.ts'
import { type Played, playScript, type Script, scriptSchema } from '../../rehearse/index.ts'
import { fillDefaults, formatDuration, type JsonObject } from '../../values/index.ts'
import { nothingToTest } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { filesBelow } from '../files/index.ts'
import type { Host } from '../host.ts'
import { Refusal, refuseErrors } from '../refusal.ts'
import { checkedRunbook, connectionTypes, openSession, readText, type Session } from '../session/index.ts'

export const REHEARSAL_ENDING = '.rehearsal.yaml'

interface Options {
  readonly verbose?: true
  readonly format: 'text' | 'json'
}

/** Pure: what it does is done here as in a run. */
const CORE = 'core'

export const run: RunCommand<[paths: readonly string[]], Options> = async (host, options, paths) => {
  const session = await openSession(host, options)
  const named = paths.length === 0 ? ['.'] : paths
  const files = named.flatMap((path) => filesOf(host, path))
  if (files.length === 0) throw new Refusal([nothingToTest(named)])
  const played: (Played & { readonly file: string })[] = []
  for (const file of files) {
    const result = { file, ...(await play(host, session, file)) }
    played.push(result)
    if (options.format === 'text') host.stdout.write(textOf(result, options.verbose === true))
  }
  const failed = played.filter(({ problems }) => problems.length > 0).length
  host.stdout.write(
    options.format === 'json'
      ? `${JSON.stringify(played, undefined, 2)}\n`
      : `${played.length - failed} of ${played.length} as expected\n`,
  )
  return failed > 0 ? EXIT.checkFailed : EXIT.done
}

function filesOf(host: Host, path: string): readonly string[] {
  const absolute = resolve(host.workingDirectory, path)
  if (!statSync(absolute, { throwIfNoEntry: false })?.isDirectory()) return [path]
  return filesBelow(host, path, (name) => name.endsWith(REHEARSAL_ENDING))
}

/** Throws Refusal for a file, or a runbook, that cannot be played. */
async function play(host: Host, session: Session, file: string): Promise<Played> {
  const text = await readText(host, file)
  const sources = new Map([[file, text]])
  const { root, diagnostics } = readYaml(text, file)
  refuseErrors([...diagnostics, ...(root ? schemaDiagnostics(root, scriptSchema, 'REHEARSAL') : [])], sources)
  if (root?.kind !== 'map') throw new Error('the schema demands a map')
  const script = toJson(root) as unknown as Script
  const beside = join(dirname(file), script.runbook)
  const isBeside = statSync(resolve(host.workingDirectory, beside), { throwIfNoEntry: false })?.isFile() === true
  const loaded = await checkedRunbook(session, isBeside ? beside : script.runbook, { operations: false })
  const schema = inputsSchema(loaded.runbook)
  const given = entryOf(root, 'inputs')?.value
  if (given) refuseErrors(schemaDiagnostics(given, schema, 'INPUTS'), sources)
  const { runbook, packs, runbooks, catalogue } = loaded
  const core = (await host.platforms()).find(({ pack }) => pack === CORE)
  return playScript({
    script,
    start: { runbook, text: loaded.text, packs, runbooks },
    targets: connectionTypes(runbook, catalogue),
    inputs: fillDefaults(schema, script.inputs ?? {}).value as JsonObject,
    pure: core?.handlers ?? {},
  })
}

function textOf({ file, title, problems, calls }: Played & { readonly file: string }, verbose: boolean): string {
  const isFine = problems.length === 0
  const told = calls.map(({ atMs, name, ended }) => `      ${formatDuration(atMs).padStart(7)}  ${name}  ${ended}`)
  const lines = [
    `${isFine ? 'ok  ' : 'FAIL'}  ${title}${isFine ? '' : `  (${file})`}`,
    ...problems.map((problem) => `      ${problem}`),
    ...(isFine && !verbose ? [] : told),
  ]
  return `${lines.join('\n')}\n`
}
