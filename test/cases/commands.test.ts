// A folder is a behaviour: a configuration with its files, a command, and exactly what it prints and how it ends.
// `command` holds one argument a line; without it the configuration is checked. HOLDFAST_ACCEPT_CASES=1 rewrites the expectations.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/index.ts'
import { createTestHost } from '../cli/test-host.ts'

const FOLDER = join(import.meta.dirname, 'configs')
const cases = readdirSync(FOLDER).sort()
const ENVIRONMENT = { LAB_SECRET: 'not-to-be-seen', EMPTY_SECRET: '' }

async function outputOf(name: string): Promise<string> {
  const folder = join(FOLDER, name)
  const command = join(folder, 'command')
  const args = existsSync(command) ? readFileSync(command, 'utf8').trimEnd().split('\n') : ['check', 'holdfast.config.yaml']
  const { host, printed } = createTestHost(folder, ENVIRONMENT)
  const exitCode = await runCli(args, host)
  const part = (title: string, text: string): string => (text === '' ? '' : `── ${title}\n${text.replaceAll(folder, '<folder>')}`)
  return `$ holdfast ${args.join(' ')}\nexit code ${exitCode}\n${part('stdout', printed.stdout)}${part('stderr', printed.stderr)}`
}

describe('P12: a wrong configuration, input or target is refused with a code, a place and a hint, and nothing is touched', () => {
  test.each(cases)('%s', async (name) => {
    const expectation = join(FOLDER, name, 'expected.txt')
    const said = await outputOf(name)
    if (process.env.HOLDFAST_ACCEPT_CASES) writeFileSync(expectation, said)
    expect(existsSync(expectation), `${expectation} is missing: run npm run cases:accept and read what it writes`).toBe(true)
    expect(said).toBe(readFileSync(expectation, 'utf8'))
    expect(said).not.toContain(ENVIRONMENT.LAB_SECRET)
    expect(existsSync(join(FOLDER, name, '.holdfast')), 'a refused command leaves no state directory').toBe(false)
  })
})
