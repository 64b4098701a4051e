// Gets a secret from where the configuration says it is. Only when a run needs it, and only as a Secret.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { Secret, type SecretSource } from '../../values/index.ts'

/** Why a secret could not be had; never holds any of its text. */
export class SecretMissing extends Error {}

const COMMAND_TIMEOUT_MS = 60_000
const runProgram = promisify(execFile)

/** Relative files are looked up from `directory`. Throws SecretMissing. */
export async function resolveSecret(
  source: SecretSource,
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Secret> {
  const text = await read(source, directory, env)
  if (text === '') throw new SecretMissing(`${where(source)} is empty`)
  return new Secret(text)
}

async function read(source: SecretSource, directory: string, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  if ('env' in source) return env[source.env] ?? fail(`environment variable ${source.env} is not set`)
  if ('file' in source) {
    try {
      return withoutLineBreak(await readFile(resolve(directory, source.file), 'utf8'))
    } catch (error) {
      return fail(`file ${source.file}: ${(error as NodeJS.ErrnoException).code}`)
    }
  }
  const [program = '', ...args] = source.command
  try {
    const { stdout } = await runProgram(program, args, { cwd: directory, timeout: COMMAND_TIMEOUT_MS, env: { ...env } })
    return withoutLineBreak(stdout)
  } catch (error) {
    // Not its message: that repeats what the program wrote, which may be half a secret.
    const { code, killed } = error as { code?: number | string; killed?: boolean }
    return fail(killed ? `${program} took longer than ${COMMAND_TIMEOUT_MS / 1000} s` : `${program} ended with ${code}`)
  }
}

const fail = (reason: string): never => {
  throw new SecretMissing(reason)
}
const withoutLineBreak = (text: string): string => text.replace(/\r?\n$/, '')
const where = (source: SecretSource): string =>
  'env' in source
    ? `environment variable ${source.env}`
    : 'file' in source
      ? `file ${source.file}`
      : `what ${source.command[0]} printed`
