// A request through rate limit, login and ownership check to its answer; transport trouble becomes a declared failure.
import type { OpenapiOperation } from '../packs/index.ts'
import { type Call, failure, inDoubt } from './call.ts'
import { type HttpAnswer, type HttpRequest, type LoginHttp, TransportFailed } from './model.ts'
import { baseOf, prefixOf } from './request.ts'

/** Throws `notReachable`, `answerLost`, `aborted` or `unexpectedAnswer`; whatever the ownership check throws passes through. */
export async function send(call: Call, request: HttpRequest, operation: OpenapiOperation): Promise<HttpAnswer> {
  let sent = false
  const onLeave = (): void => {
    sent = true
  }
  try {
    const answer = await sendAuthorized(call, request, operation, onLeave)
    const { login, connection } = call
    if (!login?.renew || !(login.refused?.(answer) ?? answer.status === 401)) return answer
    // Refused, so it did nothing: once more with fresh credentials.
    sent = false
    await login.renew(connection, loginHttp(call))
    return await sendAuthorized(call, request, operation, onLeave)
  } catch (error) {
    if (error instanceof TransportFailed) throw toFailure(call, error, sent)
    throw error
  }
}

async function sendAuthorized(
  call: Call,
  request: HttpRequest,
  operation: OpenapiOperation,
  onLeave: () => void,
): Promise<HttpAnswer> {
  const { http, connection, context, login, limits, timeoutMs } = call
  await http.admit(connection, request.method, limits, context.signal)
  endWhenClosed(call)
  const binding = login?.binding?.(connection)
  const bound = binding ? await binding.request(request, operation, connection, loginHttp(call)) : request
  const headers = (await login?.authorize(bound, connection, loginHttp(call))) ?? {}
  const leaving = (): void => {
    context.assertOwner()
    onLeave()
  }
  const options = { signal: context.signal, timeoutMs, leaving }
  const answer = await http.send(connection, { ...bound, headers: { ...bound.headers, ...headers } }, options)
  return binding ? binding.answer(answer, operation) : answer
}

const ENDING_MS = 5_000

/** By then no run is left whose signal or ownership could stop it: only time does. */
function endWhenClosed(call: Call): void {
  const { http, connection, login, timeoutMs } = call
  if (!login?.end) return
  const options = { timeoutMs, leaving: () => undefined }
  http.session(connection).ending = async () => {
    const signal = AbortSignal.timeout(ENDING_MS)
    const send: LoginHttp['send'] = (request) => http.send(connection, request, { ...options, signal })
    await login.end?.(connection, { ...loginHttp(call), send })
  }
}

function loginHttp(call: Call): LoginHttp {
  const { http, connection, context, limits, timeoutMs } = call
  const base = baseOf(call)
  return {
    clock: context.clock,
    session: http.session(connection),
    origin: base.origin,
    prefix: prefixOf(base),
    async send(request) {
      await http.admit(connection, request.method, limits, context.signal)
      return http.send(connection, request, { signal: context.signal, timeoutMs, leaving: () => context.assertOwner() })
    },
  }
}

const REACH_HINT = 'check the address of the target, its certificate, and that the platform is up'

/** `sent` is about the call's own request, not one that its login sent before it. */
function toFailure(call: Call, error: TransportFailed, sent: boolean) {
  const applied = sent ? inDoubt(call) : 'no'
  switch (error.kind) {
    case 'notReachable':
      return failure(call, 'notReachable', error.message, { applied: 'no', retryable: true, hint: REACH_HINT }, error)
    case 'answerLost':
      return failure(call, 'answerLost', error.message, { applied, retryable: true }, error)
    case 'aborted':
      return failure(call, 'aborted', error.message, { applied }, error)
    case 'tooLarge':
      return failure(call, 'unexpectedAnswer', error.message, { applied }, error)
    default:
      return error.kind satisfies never
  }
}
