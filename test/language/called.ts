// Runbooks that those in tests of the language call: `lab/snap` hands out a snapshot, `lab/ring-a` and `lab/ring-b` call each other.
import { parseRunbook, type Runbook } from '../../src/language/index.ts'

const SNAP = `
runbook: 1
name: lab/snap
version: 1.4.0
use: { l: lab@^1.0.0 }
targets: { site: l/Cloud }
inputs:
  type: object
  additionalProperties: false
  required: [vm]
  properties: { vm: { type: string }, times: { type: integer, minimum: 1, default: 1 } }
steps:
  - id: vm
    uses: l/vm.get
    with: { cloud: '\${ targets.site }', name: '\${ inputs.vm }' }
  - id: snap
    uses: l/snapshot.create
    with: { cloud: '\${ targets.site }', vm: '\${ steps.vm.id }', name: '\${ "rb-" & run.id }' }
outputs:
  handle: \${ steps.snap.handle }
  disks: \${ steps.vm.disks }
  times: \${ inputs.times }
`

const ring = (name: string, next: string): string => `
runbook: 1
name: ${name}
version: 1.0.0
steps:
  - id: next
    runbook: ${next}@^1.0.0
`

function read(name: string, text: string): Runbook {
  const { runbook, diagnostics } = parseRunbook(text, `${name}.runbook.yaml`)
  if (!runbook) throw new Error(JSON.stringify(diagnostics))
  return runbook
}

/** One of them is there and cannot be read. */
export const CALLED: Readonly<Record<string, Runbook | undefined>> = {
  'lab/snap': read('lab/snap', SNAP),
  'lab/ring-a': read('lab/ring-a', ring('lab/ring-a', 'lab/ring-b')),
  'lab/ring-b': read('lab/ring-b', ring('lab/ring-b', 'lab/ring-a')),
  'lab/unreadable': undefined,
}
