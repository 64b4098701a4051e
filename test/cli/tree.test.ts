// The live tree, drawn on a terminal that only remembers.
import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { expect, test, vi } from 'vitest'
import { createTreeView } from '../../src/cli/views/tree.ts'
import type { Observation } from '../../src/engine/index.ts'
import type { Report } from '../../src/kernel/index.ts'
import { AT, HOSTILE, observations, RUN } from './observations.ts'

function terminal(): { stream: NodeJS.WriteStream; lines(): readonly string[]; written(): string } {
  const chunks: string[] = []
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      chunks.push(String(chunk))
      done()
    },
  })
  const fake = Object.assign(stream, { isTTY: true, columns: 200, rows: 50 }) as unknown as NodeJS.WriteStream
  return { stream: fake, written: () => chunks.join(''), lines: () => stripVTControlCharacters(chunks.join('')).split('\n') }
}

const report = (at: number, of: Report): Observation => ({ kind: 'report', runId: RUN, at, report: of })

test('what is left on the screen tells bytes, failure, what is owed and the outcome', async () => {
  const { stream, lines } = terminal()
  const view = createTreeView(stream, false)
  for (const observation of observations) view.observe(observation)
  view.notice({ kind: 'owing', runId: RUN, at: AT, owed: [] })
  await view.close()
  const text = lines().join('\n')
  expect(text).toContain(
    'snapshotLimit: the VM has too many snapshots (status 409, code 0x01000CB1, text snapshot chain too long)',
  )
  expect(text).toContain('vm-1 ide0: 16.0 MiB of 64.0 MiB (25 %), 8.0 MiB/s, 6.0s left')
  expect(text).toContain('STILL OWED sangfor-scp/GroupSnapshot')
  expect(text).toContain(`run ${RUN} failed`)
  expect(text).toContain(`settle it with: holdfast reap ${RUN}`)
})

test('no text of a platform steers the terminal', async () => {
  const { stream, written } = terminal()
  const view = createTreeView(stream, false)
  for (const observation of HOSTILE) view.observe(observation)
  await view.close()
  expect(written()).toContain('�]0;owned�')
  for (const steering of ['\u001b]', '\u0007', '\u009b', '\u202e']) expect(written()).not.toContain(steering)
})

test('quiet steps leave when their block ends, those with something to tell stay', async () => {
  const { stream, lines } = terminal()
  const view = createTreeView(stream, false)
  view.observe({ kind: 'runStarted', runId: RUN, at: AT, runbook: 'lab/x', resumed: false })
  view.observe(report(AT, { kind: 'stepStarted', path: 'block', step: 'block', verb: 'scope' }))
  for (const step of ['quiet', 'copy']) {
    view.observe(report(AT, { kind: 'stepStarted', path: `block/${step}`, step, verb: 'uses', action: `lab/${step}` }))
    if (step === 'copy')
      view.observe({
        kind: 'progress',
        runId: RUN,
        at: AT,
        path: `block/${step}`,
        progress: { doneBytes: 5, totalBytes: 5, label: 'disk' },
      })
    view.observe(report(AT + 10, { kind: 'stepEnded', path: `block/${step}`, outcome: 'succeeded' }))
  }
  view.observe(report(AT + 20, { kind: 'stepEnded', path: 'block', outcome: 'succeeded' }))
  await view.close()
  const last = lines().slice(-4).join('\n')
  expect(last).toContain('lab/copy  disk: 5 B of 5 B (100 %)')
  expect(last).not.toContain('lab/quiet')
})

test('ten thousand items stay a screenful', async () => {
  const { stream, lines } = terminal()
  const view = createTreeView(stream, false)
  view.observe({ kind: 'runStarted', runId: RUN, at: AT, runbook: 'lab/x', resumed: false })
  view.observe(report(AT, { kind: 'stepStarted', path: 'all', step: 'all', verb: 'foreach' }))
  for (let item = 0; item < 10_000; item += 1) {
    const path = `all[vm%2F${item}]/step`
    view.observe(report(AT, { kind: 'stepStarted', path, step: 'step', verb: 'uses', action: 'lab/step' }))
    view.observe(report(AT, { kind: 'stepEnded', path, outcome: item === 5000 ? 'failed' : 'succeeded' }))
  }
  await view.close()
  const shown = lines().filter((line) => line.includes('vm/'))
  expect(shown.length).toBeLessThan(20)
  expect(shown.some((line) => line.includes('vm/5000'))).toBe(true)
  expect(shown.some((line) => line.includes('vm/9999'))).toBe(true)
})

test('an item is shown by its own name where it has one', async () => {
  const { stream, lines } = terminal()
  const view = createTreeView(stream, false)
  view.observe({ kind: 'runStarted', runId: RUN, at: AT, runbook: 'lab/x', resumed: false })
  view.observe(report(AT, { kind: 'stepStarted', path: 'vms', step: 'vms', verb: 'foreach' }))
  view.observe(report(AT, { kind: 'itemStarted', path: 'vms[4f2a]', key: '4f2a', name: 'erp-db' }))
  view.observe(report(AT, { kind: 'itemStarted', path: 'vms[77c0]', key: '77c0' }))
  await view.close()
  const text = lines().join('\n')
  expect([text.includes('erp-db'), text.includes('4f2a'), text.includes('77c0')]).toEqual([true, false, true])
})

test('what Ctrl-C does next is said while the run is being cancelled, and leaves when it has ended', async () => {
  const { stream, lines } = terminal()
  const view = createTreeView(stream, false)
  view.observe({ kind: 'runStarted', runId: RUN, at: AT, runbook: 'lab/x', resumed: false })
  view.observe(report(AT, { kind: 'stepStarted', path: 'pause', step: 'pause', verb: 'wait' }))
  view.notice({ kind: 'cancelling', runId: RUN, at: AT })
  const said = 'cancelling, with clean-up; Ctrl-C again leaves behind'
  await vi.waitFor(() => expect(lines().join('\n')).toContain(said))
  view.observe(report(AT, { kind: 'stepEnded', path: 'pause', outcome: 'cancelled' }))
  view.observe({ kind: 'runEnded', runId: RUN, at: AT, outcome: { status: 'cancelled', owed: [] } })
  await view.close()
  expect(lines().slice(-4).join('\n')).not.toContain('cancelling')
})
