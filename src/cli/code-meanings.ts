// Every diagnostic code and what it means, from the tables of the folders that raise them.
import { type CodeMeaning, diagnosticCodes } from '../language/index.ts'
import { packDiagnosticCodes } from '../packs/index.ts'
import { cliCodes } from './codes.ts'

export const codeMeanings: Readonly<Record<string, CodeMeaning>> = { ...diagnosticCodes, ...packDiagnosticCodes, ...cliCodes }
