// The shell service of a Windows guest, one question at a time over HTTPS with Basic authentication. It knows no program's life.
// Not tried against Windows. (MS-WSMV)
import { randomUUID } from 'node:crypto'
import { createHttp, TransportFailed } from '../../../http/index.ts'
import type { Clock, Connection } from '../../../packs/index.ts'
import { Secret } from '../../../values/index.ts'
import type { Element } from '../../xml.ts'
import { bodyIn, type Fault } from './answers.ts'
import { envelope, OPERATION_SECONDS, type Question } from './envelope.ts'
import { WinrmFailed } from './failed.ts'

export interface Service extends AsyncDisposable {
  /** The body of the answer, or the fault. Rejects with `WinrmFailed`, or with the signal's reason. */
  ask(question: Question, signal: AbortSignal): Promise<Element | Fault>
}

/** The service answers within its own time-out, or not at all. */
const ANSWER_MS = (OPERATION_SECONDS + 20) * 1000

/** Throws `WinrmFailed` where settings are missing. Verifies the service's certificate. */
export function openService(connection: Connection, clock: Clock): Service {
  const { url, user, password } = connection.settings
  const { protocol, origin, pathname } = new URL(typeof url === 'string' && URL.canParse(url) ? url : 'none:')
  if (protocol !== 'https:') throw unusable('WinRM needs the setting url, such as https://erp.example:5986/wsman')
  if (typeof user !== 'string' || !(password instanceof Secret)) throw unusable('WinRM needs the settings user and password')
  const http = createHttp({ clock })
  return {
    async ask(question, signal) {
      const started = question.kind !== 'create' && question.kind !== 'command'
      const request = {
        method: 'POST',
        origin,
        path: pathname,
        headers: {
          'content-type': 'application/soap+xml;charset=UTF-8',
          authorization: `Basic ${Buffer.from(`${user}:${password.reveal()}`).toString('base64')}`,
        },
        body: envelope(question, `${origin}${pathname}`, randomUUID()),
      }
      try {
        const answer = await http.send(connection, request, { signal, timeoutMs: ANSWER_MS, leaving: () => undefined })
        if (answer.status === 401) throw new WinrmFailed('loginRefused', `${origin} refused the login of ${user}`, started)
        return read(origin, answer.status, Buffer.from(answer.body).toString('utf8'), started)
      } catch (error) {
        signal.throwIfAborted()
        throw error instanceof TransportFailed
          ? ofTransport(error, started || (error.sent && question.kind === 'command'))
          : error
      }
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  }
}

function read(origin: string, status: number, text: string, started: boolean): Element | Fault {
  try {
    return bodyIn(text)
  } catch (cause) {
    const message = `${origin} answered with status ${status} and no SOAP: is it WinRM?`
    throw new WinrmFailed(started ? 'lost' : 'refused', message, started, { cause })
  }
}

const ofTransport = (cause: TransportFailed, started: boolean): WinrmFailed =>
  new WinrmFailed(started ? 'lost' : 'unreachable', cause.message, started, { cause })

const unusable = (message: string): WinrmFailed => new WinrmFailed('unusable', message, false)
