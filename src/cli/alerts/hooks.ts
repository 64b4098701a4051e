// Hands an alert to one hook: a program of the operator's, or a webhook. Whatever comes of it is an answer, never an exception,
// and what a hook prints or answers is not repeated: it may hold a secret.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import type { JsonObject, SecretSource } from '../../values/index.ts'
import { type Hook, resolveSecret, SecretMissing } from '../config/index.ts'

export interface HookHost {
  /** Relative programs and files start from here. */
  readonly directory: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The same for the same settings, so that what it was told can be remembered. */
export const idOf = (hook: Hook): string => createHash('sha256').update(JSON.stringify(hook)).digest('hex').slice(0, 16)

/** How people know it. An address may be a secret, so it is not shown. */
export const nameOf = (hook: Hook): string =>
  hook.kind === 'command' ? `command ${hook.command[0]}` : `webhook ${hostOf(hook.url)}`

function hostOf(url: string | SecretSource): string {
  if (typeof url !== 'string') return 'whose address is secret'
  return URL.parse(url)?.host ?? 'without a usable address'
}

/** Undefined when it was told; else why not. */
export async function tell(hook: Hook, body: JsonObject, host: HookHost): Promise<string | undefined> {
  const text = JSON.stringify(body)
  return hook.kind === 'command' ? runCommand(hook, text, host) : post(hook, text, host)
}

function runCommand(
  { command, timeoutMs }: Extract<Hook, { kind: 'command' }>,
  text: string,
  host: HookHost,
): Promise<string | undefined> {
  const [program = '', ...args] = command
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const child = spawn(program, args, {
      cwd: host.directory,
      env: { ...host.env },
      stdio: ['pipe', 'ignore', 'ignore'],
      signal,
      killSignal: 'SIGKILL',
    })
    child.on('error', (error: NodeJS.ErrnoException) =>
      resolve(signal.aborted ? tookTooLong(timeoutMs) : `it could not be started: ${error.code}`),
    )
    child.on('close', (code, killedBy) => resolve(code === 0 ? undefined : `it ended with ${code ?? killedBy}`))
    // A program need not read what it is told.
    child.stdin.on('error', () => {})
    child.stdin.end(text)
  })
}

async function post(
  { url, headers, timeoutMs }: Extract<Hook, { kind: 'webhook' }>,
  text: string,
  host: HookHost,
): Promise<string | undefined> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const sent = Object.entries(headers).map(async ([name, value]) => [name, await reveal(value, host)] as const)
    const answer = await fetch(await reveal(url, host), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...Object.fromEntries(await Promise.all(sent)) },
      body: text,
      // Secret headers go to the address that was configured and to no other.
      redirect: 'error',
      signal,
    })
    await answer.body?.cancel()
    return answer.ok ? undefined : `it answered ${answer.status}`
  } catch (error) {
    if (error instanceof SecretMissing) return error.message
    return signal.aborted ? tookTooLong(timeoutMs) : `it could not be reached: ${codeOf(error)}`
  }
}

const reveal = async (value: string | SecretSource, { directory, env }: HookHost): Promise<string> =>
  typeof value === 'string' ? value : (await resolveSecret(value, directory, env)).reveal()

/** Not the message: it may repeat the address. */
function codeOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: string } }
  return cause?.code ?? (error as Error).name
}

const tookTooLong = (timeoutMs: number): string => `it took longer than ${timeoutMs / 1000} s`
