// Every diagnostic code and what it means, from the tables of the folders that raise them.
import { type CodeMeaning, diagnosticCodes } from '../language/index.ts'
import { packDiagnosticCodes } from '../packs/index.ts'
import { cliCodes } from './codes.ts'

/** Packs word each code in full where it is raised; here its name has to do. */
const packMeanings = Object.fromEntries(
  packDiagnosticCodes.map((code) => [
    code,
    { title: sentence(code), explanation: 'The message and its hint say what to change.' },
  ]),
)

export const codeMeanings: Readonly<Record<string, CodeMeaning>> = { ...diagnosticCodes, ...packMeanings, ...cliCodes }

function sentence(code: string): string {
  const words = code.toLowerCase().replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
