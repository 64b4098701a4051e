// The network replaced by a function, for rehearsals: requests are delivered in this process. It may not know what is asked.
import type { Dispatcher } from 'undici'
import type { HttpAnswer, HttpRequest } from './model.ts'

/** What stands where the network and the platforms behind it would be. */
export interface Network {
  /** Why the far side cannot be reached now: the request then never leaves. */
  refuse(request: HttpRequest): Error | undefined
  /** Rejects when no answer comes: the connection broke after the request had left. May never settle, as a far side that hangs. */
  deliver(request: HttpRequest): Promise<Delivered>
}

export interface Delivered {
  readonly answer: HttpAnswer
  /** The connection breaks after so many bytes of the body. */
  readonly cutAtBytes?: number
}

export function networkDispatcher(network: Network, origin: string): Pick<Dispatcher, 'dispatch' | 'destroy'> {
  return {
    dispatch(options, handler) {
      const controller = controllerOf(handler)
      const request: HttpRequest = {
        origin,
        method: options.method,
        path: options.path,
        headers: options.headers as Readonly<Record<string, string>>,
        ...(typeof options.body === 'string' ? { body: options.body } : {}),
        ...(options.body instanceof Uint8Array ? { bytes: options.body } : {}),
      }
      const refused = network.refuse(request)
      if (refused) queueMicrotask(() => controller.abort(refused))
      else void deliver(network, request, handler, controller)
      return true
    },
    async destroy() {},
  } as Pick<Dispatcher, 'dispatch' | 'destroy'>
}

async function deliver(
  network: Network,
  request: HttpRequest,
  handler: Dispatcher.DispatchHandler,
  controller: Dispatcher.DispatchController,
): Promise<void> {
  try {
    handler.onRequestStart?.(controller, {})
    if (controller.aborted) return
    const { answer, cutAtBytes } = await network.deliver(request)
    if (controller.aborted) return
    handler.onResponseStart?.(controller, answer.status, answer.headers)
    const body = Buffer.from(answer.body)
    if (cutAtBytes !== undefined) {
      handler.onResponseData?.(controller, body.subarray(0, cutAtBytes))
      throw new Error('other side closed')
    }
    if (body.length > 0) handler.onResponseData?.(controller, body)
    if (!controller.aborted) handler.onResponseEnd?.(controller, {})
  } catch (error) {
    controller.abort(error instanceof Error ? error : new Error(String(error)))
  }
}

function controllerOf(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchController {
  let reason: Error | null = null
  const controller = {
    paused: false,
    pause() {},
    resume() {},
    abort(why: Error) {
      if (reason) return
      reason = why
      handler.onResponseError?.(controller, why)
    },
    get aborted() {
      return reason !== null
    },
    get reason() {
      return reason
    },
  }
  return controller
}
