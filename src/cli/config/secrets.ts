// Gets a secret from where the configuration says it is. Only when a run needs it, and only as a Secret.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { Secret, type SecretSource } from '../../values/index.ts'
import { secretText } from './secret-text.ts'

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
  const bytes = 'file' in source ? await readBytes(source.file, directory) : await run(source.command, directory, env)
  return secretText(bytes) ?? fail(`${where(source)} is not UTF-8`)
}

async function readBytes(file: string, directory: string): Promise<Buffer> {
  try {
    return await readFile(resolve(directory, file))
  } catch (error) {
    return fail(`file ${file}: ${(error as NodeJS.ErrnoException).code}`)
  }
}

async function run(
  [program = '', ...args]: readonly string[],
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Buffer> {
  const options = { cwd: directory, timeout: COMMAND_TIMEOUT_MS, env: { ...env }, encoding: 'buffer' } as const
  try {
    return (await runProgram(program, args, options)).stdout
  } catch (error) {
    // Not its message: that repeats what the program wrote, which may be half a secret.
    const { code, killed } = error as { code?: number | string; killed?: boolean }
    return fail(killed ? `${program} took longer than ${COMMAND_TIMEOUT_MS / 1000} s` : `${program} ended with ${code}`)
  }
}

const fail = (reason: string): never => {
  throw new SecretMissing(reason)
}
const where = (source: SecretSource): string =>
  'env' in source
    ? `environment variable ${source.env}`
    : 'file' in source
      ? `file ${source.file}`
      : `what ${source.command[0]} printed`
