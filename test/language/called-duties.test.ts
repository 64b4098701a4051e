// What a called runbook holds and locks counts where it is called.
import { expect, test } from 'vitest'
import { type CatalogueView, checkRunbook, parseRunbook, type Runbook } from '../../src/language/index.ts'
import { catalogue } from './catalogue.ts'

const HEAD = `runbook: 1
version: 1.0.0
use: { lab: lab@^1.0.0 }
targets: { cloud: lab/Cloud }
`

function parsed(text: string): Runbook {
  const { runbook, diagnostics } = parseRunbook(HEAD + text, 'test.runbook.yaml')
  expect(diagnostics).toEqual([])
  if (!runbook) throw new Error('no runbook')
  return runbook
}

const FREEZE = `{ id: freeze, uses: lab/guest.freeze, with: { cloud: '\${ targets.cloud }', vm: vm-1 } }`

const freezing = parsed(`name: lab/freezing
steps:
  - ${FREEZE}
  - { id: settle, wait: { for: 4s } }
`)
const locking = parsed(`name: lab/locking
steps:
  - id: inside
    scope: { lock: vm/one, steps: [] }
`)

const here: CatalogueView = {
  ...catalogue,
  runbook: (name) => [freezing, locking].find((each) => each.name === name),
  runbookNames: () => [freezing.name, locking.name],
}

const found = (steps: string): readonly string[] =>
  checkRunbook(parsed(`name: lab/try\nsteps:\n${steps}`), here).map(({ code, message }) => `${code}: ${message}`)

test('P5: what a called runbook acquires is held until the scope around the call ends', () => {
  const call = '{ id: call, runbook: lab/freezing@^1.0.0 }'
  expect(found(`  - ${call}\n  - { id: more, wait: { for: 5s } }\n`)).toEqual([])
  expect(found(`  - ${call}\n  - { id: more, wait: { for: 6s } }\n`)).toEqual([
    'HOLD_TOO_LONG: what call/freeze acquires may be held for 11s (call 4.0s + more 6.0s + release 1.0s), but a lab/Freeze for 10s at most',
  ])
  expect(found(`  - { id: box, scope: { steps: [${call}] } }\n  - { id: more, wait: { for: 1h } }\n`)).toEqual([])
  expect(found(`  - ${call}\n  - { id: ask, approve: { prompt: go on? } }\n`)).toHaveLength(1)
})

test('P5: a called runbook takes its time while something is held', () => {
  expect(found(`  - ${FREEZE}\n  - { id: call, runbook: lab/locking@^1.0.0 }\n`)).toEqual([
    'HOLD_UNBOUNDED: others may have the lock for any time, while freeze holds a lab/Freeze, which it may for 10s at most',
  ])
})

test('a lock that a called runbook takes is taken inside those around the call', () => {
  const inside = (lock: string): string =>
    `  - { id: box, scope: { lock: ${lock}, steps: [{ id: call, runbook: lab/locking@^1.0.0 }] } }\n`
  expect(found(inside('vm/two'))).toEqual([])
  expect(found(inside('vm/one'))).toEqual(['LOCK_HELD: vm/one is held here already, so this would wait for itself for ever'])
  const turned = '  - { id: other, scope: { lock: vm/one, steps: [{ id: two, scope: { lock: vm/two, steps: [] } }] } }\n'
  expect(found(inside('vm/two') + turned)).toEqual([
    'LOCK_ORDER: vm/two is taken inside vm/one, and elsewhere it is the other way round',
  ])
})
