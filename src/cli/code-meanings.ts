// Every diagnostic code and what it means, from the tables of the folders that raise them.
import { type CodeMeaning, diagnosticCodes } from '../language/index.ts'
import { packDiagnosticCodes } from '../packs/index.ts'
import { planCodes } from '../plan/index.ts'
import { vaultCodes } from '../vault/index.ts'
import { verifyCodes } from '../verify/index.ts'
import { cliCodes } from './code-table.ts'

export interface CodeGroup {
  /** What its codes are about. */
  readonly title: string
  readonly codes: Readonly<Record<string, CodeMeaning>>
}

/** No code is in two of them. */
export const codeGroups: readonly CodeGroup[] = [
  { title: 'Runbooks', codes: diagnosticCodes },
  { title: 'Packs and the lock file', codes: packDiagnosticCodes },
  { title: 'Configuration and command line', codes: cliCodes },
  { title: 'Saved plans', codes: planCodes },
  { title: 'Verify', codes: verifyCodes },
  { title: 'Vaults', codes: vaultCodes },
]

export const codeMeanings: Readonly<Record<string, CodeMeaning>> = Object.assign({}, ...codeGroups.map(({ codes }) => codes))
