// One request over one pool. It knows to the byte whether a request had left when something went wrong.
import type { Dispatcher } from 'undici'
import { type HttpAnswer, type HttpRequest, TransportFailed } from './model.ts'

/** Why a request was stopped by us; the reason of the signal that `exchange` is given. */
export class TimedOut extends Error {}

export interface ExchangeOptions {
  readonly signal: AbortSignal
  /** A body above this is refused. */
  readonly limitBytes: number
  /** Called when the first byte is about to leave; what it throws keeps the request from leaving, and rejects. */
  readonly leaving: () => void
}

export function exchange(
  pool: Pick<Dispatcher, 'dispatch'>,
  request: HttpRequest,
  { signal, limitBytes, leaving }: ExchangeOptions,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let sent = false
    let status = 0
    let headers: Readonly<Record<string, string>> = {}
    let sizeBytes = 0
    let controller: Dispatcher.DispatchController | undefined

    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', stop)
      reject(toTransportFailed(error, signal, sent, request))
    }
    const stop = (): void => {
      const reason = signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason))
      controller?.abort(reason)
      fail(reason)
    }
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started
        if (signal.aborted) return started.abort(signal.reason)
        try {
          leaving()
          sent = true
        } catch (error) {
          reject(error)
          started.abort(new Error('kept from leaving', { cause: error }))
        }
      },
      onResponseStart(_, statusCode, rawHeaders) {
        status = statusCode
        headers = joined(rawHeaders)
      },
      onResponseData(running, chunk) {
        sizeBytes += chunk.length
        if (sizeBytes > limitBytes) {
          running.abort(new TooLarge(`the answer to ${request.method} is larger than ${limitBytes} bytes`))
          return
        }
        chunks.push(chunk)
      },
      onResponseEnd() {
        signal.removeEventListener('abort', stop)
        resolve({ status, headers, body: Buffer.concat(chunks) })
      },
      onResponseError(_, error) {
        fail(error)
      },
    }
    if (signal.aborted) return fail(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    const { method, path, body, bytes } = request
    pool.dispatch({ method, path, headers: request.headers, body: bytes ?? body ?? null, idempotent: false }, handler)
  })
}

class TooLarge extends Error {}

function toTransportFailed(error: unknown, signal: AbortSignal, sent: boolean, { method, origin }: HttpRequest): TransportFailed {
  const told = error instanceof Error ? error.message : String(error)
  if (error instanceof TooLarge) return new TransportFailed('tooLarge', told, sent, { cause: error })
  if (signal.aborted && !(signal.reason instanceof TimedOut)) {
    return new TransportFailed('aborted', `${method} was stopped: ${told}`, sent, { cause: error })
  }
  return sent
    ? new TransportFailed('answerLost', `${origin} took the ${method} but its answer did not arrive whole: ${told}`, true, {
        cause: error,
      })
    : new TransportFailed('notReachable', `${origin} cannot be reached: ${told}`, false, { cause: error })
}

function joined(headers: NodeJS.Dict<string | string[]>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
}
