// The wire of a rehearsal: every request reaches its stand-in in this process, unless a fault strikes on the way.
import type { Delivered, HttpAnswer, HttpRequest, Network } from '../http/index.ts'
import type { StandIn } from '../platforms/index.ts'
import type { RehearsalClock } from './clock.ts'
import type { WireFault } from './model.ts'

/** Longer than most requests may take, shorter than most steps. */
const SLOW_MS = 20_000

export interface Wire extends Network {
  /** Lets the fault strike once, after so many requests of the operation that pass. */
  strike(operation: string, does: WireFault, skip: number): void
  /** From now on each request that meets no other fault meets what is drawn for it, if anything. */
  strikeOften(draw: () => WireFault | undefined): void
  heal(): void
}

interface Waiting {
  readonly operation: string
  readonly does: WireFault
  skip: number
}

export function createWire(standIns: readonly StandIn[], clock: RehearsalClock): Wire {
  let waiting: Waiting[] = []
  let often: () => WireFault | undefined = () => undefined
  const struck = new WeakMap<HttpRequest, WireFault>()

  const apiOf = ({ origin }: HttpRequest) => {
    const found = standIns.find(({ settings }) => String(settings.url ?? '').startsWith(origin))?.api
    if (!found) throw new Error(`nothing stands in for ${origin}`)
    return found
  }

  function meet(request: HttpRequest): WireFault | undefined {
    const operation = apiOf(request).operationOf(request)
    let met: Waiting | undefined
    for (const each of waiting) {
      if (each.operation !== operation) continue
      each.skip -= 1
      if (each.skip < 0) met ??= each
    }
    waiting = waiting.filter((each) => each !== met)
    return met?.does ?? often()
  }

  async function answer(request: HttpRequest): Promise<HttpAnswer> {
    const done = clock.busy()
    try {
      return await apiOf(request).answer(request)
    } finally {
      done()
    }
  }

  return {
    strike: (operation, does, skip) => void waiting.push({ operation, does, skip }),
    strikeOften: (draw) => {
      often = draw
    },
    heal: () => {
      waiting = []
      often = () => undefined
    },
    refuse(request) {
      const does = meet(request)
      if (does === 'refused') return new Error(`connect ECONNREFUSED ${request.origin}`)
      if (does === 'certificateUnknown') return new Error('unable to verify the first certificate')
      if (does !== undefined) struck.set(request, does)
      return undefined
    },
    deliver: (request) => deliver(request, struck.get(request), answer, clock),
  }
}

async function deliver(
  request: HttpRequest,
  does: WireFault | undefined,
  answer: (request: HttpRequest) => Promise<HttpAnswer>,
  clock: RehearsalClock,
): Promise<Delivered> {
  switch (does) {
    case undefined:
    case 'refused':
    case 'certificateUnknown':
      return { answer: await answer(request) }
    case 'reset':
      throw new Error('read ECONNRESET')
    case 'hangs':
      return new Promise(() => {})
    case 'answered429':
      return { answer: said(429, 'too many requests') }
    case 'answered503':
      return { answer: said(503, 'service unavailable') }
    case 'answerLost':
      await answer(request)
      throw new Error('other side closed')
    case 'answerCut': {
      const whole = await answer(request)
      return { answer: whole, cutAtBytes: Math.floor(whole.body.length / 2) }
    }
    case 'answered500':
      await answer(request)
      return { answer: said(500, 'internal server error') }
    case 'wrongContentType': {
      const { status, body } = await answer(request)
      return { answer: { status, headers: { 'content-type': 'text/html' }, body } }
    }
    case 'hangsAfter':
      await answer(request)
      return new Promise(() => {})
    case 'slow':
      await clock.sleep(SLOW_MS)
      return { answer: await answer(request) }
    case 'twice':
      // A proxy repeats what it may: nothing that HTTP calls unsafe to repeat (RFC 9110, section 9.2.2).
      if (request.method !== 'POST' && request.method !== 'PATCH') await answer(request)
      return { answer: await answer(request) }
  }
}

const said = (status: number, text: string): HttpAnswer => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from(text),
})
