// Prints `N passed, N failed, N skipped` from vitest's JSON results, and fails when a test failed or none ran.
import { readFileSync } from 'node:fs'

const [file = ''] = process.argv.slice(2)
const {
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: pending,
  numTodoTests: todo,
  testResults,
} = JSON.parse(readFileSync(file, 'utf8'))
// A file that cannot even be loaded has no tests to count.
const broken = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0).length

console.log(`${passed} passed, ${failed + broken} failed, ${pending + todo} skipped`)
process.exitCode = failed + broken > 0 || passed === 0 ? 1 : 0
