// How long after a keystroke its diagnostics are there: a runbook of 500 lines, real messages, in one process. It asserts nothing.
// `--json` prints the figures alone. Usage: npm run bench:editor
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pathToFileURL } from 'node:url'
import {
  createProtocolConnection,
  type PublishDiagnosticsParams,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node'
import { createWorkspace } from '../src/cli/checks/editor-workspace.ts'
import { serveEditor } from '../src/editor/index.ts'
import { processHost } from '../src/main.ts'

const LINES = 500
const WARM_UP = 20
const ROUNDS = 200
const GOAL_MS = 50

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
const host = { ...processHost(), workingDirectory: folder }

/** The shipped backup of one VM, its steps again and again under other ids, until there are lines enough. */
function longRunbook(): string {
  const text = readFileSync(join(root, 'runbooks/sangfor-scp/vm-backup.runbook.yaml'), 'utf8')
  const steps = text.indexOf('\nsteps:\n') + '\nsteps:\n'.length
  const outputs = text.indexOf('\noutputs:')
  const body = text.slice(steps, outputs)
  const ids = [...body.matchAll(/- id: (\w+)/g)].map(([, id = '']) => id)
  const copy = (round: number): string => ids.reduce((made, id) => renamed(made, id, `${id}${round}`), body)
  const copies: string[] = []
  const head = text.slice(0, steps)
  const whole = (): string => head + copies.join('\n')
  while (whole().split('\n').length < LINES) copies.push(copy(copies.length))
  const lines = whole().split('\n')
  // Cut behind the last step that fits.
  const end = lines.findLastIndex((line, index) => index <= LINES && line === '')
  return `${lines.slice(0, end).join('\n')}\n`
}

const renamed = (text: string, id: string, to: string): string =>
  text.replaceAll(new RegExp(`(- id: |steps\\.)${id}\\b`, 'g'), `$1${to}`)

const toServer = new PassThrough()
const toClient = new PassThrough()
void serveEditor({
  input: toServer,
  output: toClient,
  workspace: createWorkspace(host, { logLevel: 'silent' }),
  version: host.version,
})
const client = createProtocolConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer))
const uri = pathToFileURL(join(folder, 'long.runbook.yaml')).href
let arrived: (params: PublishDiagnosticsParams) => void = () => undefined
client.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => arrived(params))
client.listen()

const answer = (version: number): Promise<PublishDiagnosticsParams> =>
  new Promise((resolve) => {
    arrived = (params) => {
      if (params.version === version) resolve(params)
    }
  })

const text = longRunbook()
const lines = text.split('\n')
await client.sendRequest('initialize', { processId: null, rootUri: null, capabilities: {} })
await client.sendNotification('initialized', {})
const opened = answer(1)
await client.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'holdfast-runbook', version: 1, text } })
const { diagnostics } = await opened

// A letter is typed into one expression after another, and taken away again.
const places = lines.flatMap((line, index) => {
  const character = line.indexOf('inputs.serverId')
  return character === -1 ? [] : [{ line: index, character: character + 'inputs.server'.length }]
})
const tookMs: number[] = []
for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
  const start = places[Math.floor(round / 2) % places.length] ?? { line: 0, character: 0 }
  const typing = round % 2 === 0
  const end = typing ? start : { ...start, character: start.character + 1 }
  const version = round + 2
  const answered = answer(version)
  const startedAt = performance.now()
  await client.sendNotification('textDocument/didChange', {
    textDocument: { uri, version },
    contentChanges: [{ range: { start, end }, text: typing ? 'x' : '' }],
  })
  await answered
  if (round >= WARM_UP) tookMs.push(performance.now() - startedAt)
}
client.end()
rmSync(folder, { recursive: true, force: true })

const sorted = tookMs.toSorted((a, b) => a - b)
const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
const figures = {
  lines: lines.length,
  problemsAtStart: diagnostics.length,
  keystrokes: ROUNDS,
  medianMs: at(0.5),
  p95Ms: at(0.95),
}
if (process.argv.includes('--json')) console.log(JSON.stringify(figures))
else
  console.log(
    `${figures.lines} lines, ${figures.problemsAtStart} problems at the start, ${ROUNDS} keystrokes: ` +
      `median ${figures.medianMs.toFixed(1)} ms, 95 of 100 within ${figures.p95Ms.toFixed(1)} ms (goal: median below ${GOAL_MS} ms)`,
  )
