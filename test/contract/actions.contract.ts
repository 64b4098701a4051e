// What every pack's actions keep to, whoever wrote them. A pack from outside runs it over its own folder.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatDiagnostics } from '../../src/diagnostics/index.ts'
import { createHttp, type Http, operationHandlers } from '../../src/http/index.ts'
import { readYaml, toJson } from '../../src/language/index.ts'
import {
  type Action,
  type ActionContext,
  ActionFailure,
  type Clock,
  createCatalogue,
  type Handlers,
  loadPack,
} from '../../src/packs/index.ts'
import { isObject, validator } from '../../src/values/index.ts'

/** Registers the suite for the pack in a folder. The folder is read at once: call it at the top of a test file, awaited. */
export async function actionsContract(directory: string): Promise<void> {
  const { pack, diagnostics, sources } = await loadPack(directory)
  const actions = Object.entries(pack?.actions ?? {})
  const examples = actions.flatMap(([name, action]) => action.examples.map((example) => ({ name, action, example })))

  describe(`the pack ${basename(directory)}`, () => {
    test('is without problems: every template compiles, every rule holds', () => {
      expect(formatDiagnostics(diagnostics, sources, { colour: false })).toBe('')
    })

    test('says of each action what it does and where its facts come from', () => {
      const { root } = readYaml(sources.get(join(directory, 'pack.yaml')) ?? '', 'pack.yaml')
      const manifest = root && toJson(root)
      const written = isObject(manifest) && isObject(manifest.actions) ? Object.entries(manifest.actions) : []
      for (const [name, action] of written) {
        expect(action, name).toMatchObject({ title: expect.stringMatching(/\S/), source: expect.stringMatching(/\S/) })
      }
      expect(written.map(([name]) => name)).toEqual(actions.map(([name]) => name))
    })

    test('has schemas that compile', () => {
      for (const [name, { input, output }] of actions) {
        expect(() => [validator(input), validator(output)], name).not.toThrow()
      }
    })

    test('words every failure, and says of each that can be told from an answer how', () => {
      for (const [name, action] of actions) {
        for (const [type, { message, when }] of Object.entries(action.failures)) {
          expect(message, `${name} ${type}`).toMatch(/\S/)
          if (action.does.kind === 'handler')
            expect(when, `${name} ${type}: a handler raises it, nothing is matched`).toBeUndefined()
        }
      }
    })

    test.each(examples)('$name: the example "$example.title" conforms to its schemas', ({ action, example }) => {
      expect(validator(action.input).problems(example.input)).toEqual([])
      expect(validator(action.output).problems(example.output)).toEqual([])
    })

    const called = examples.filter(({ action }) => action.does.kind === 'operation')
    describe.skipIf(called.length === 0)('its operations', () => {
      const server = createServer((_, response) => void response.writeHead(418).end())
      let http: Http
      let handlers: Handlers
      beforeAll(async () => {
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
        http = createHttp({ clock: realClock })
        if (!pack) throw new Error('the pack has problems')
        const logins = Object.values(pack.connections).flatMap(({ auth }) => (auth === undefined ? [] : [auth]))
        handlers = operationHandlers(createCatalogue([pack]), http, Object.fromEntries(logins.map((name) => [name, noLogin])))
      })
      afterAll(async () => {
        await http[Symbol.asyncDispose]()
        server.closeAllConnections()
        server.close()
      })

      test.each(called)(
        '$name: the example "$example.title" makes a request that its operation takes',
        async ({ action, example }) => {
          const { port } = server.address() as AddressInfo
          const handler = handlers[action.name]
          const failure = await handler?.(example.input, contextFor(action, `http://127.0.0.1:${port}`)).then(
            () => undefined,
            (error: unknown) => error,
          )
          // It was sent, and refused by a server that refuses everything.
          expect(failure).toBeInstanceOf(ActionFailure)
          expect(failure instanceof ActionFailure && failure.failure).toMatchObject({ detail: { status: 418 } })
        },
      )
    })
  })
}

const noLogin = { authorize: async () => ({}) }

const realClock: Clock = {
  now: () => Date.now(),
  sleep: (durationMs, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, durationMs)
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        reject(signal.reason)
      })
    }),
}

const contextFor = (action: Action, url: string): ActionContext => ({
  runId: 'run-1',
  path: action.name,
  key: '11111111-1111-4111-8111-111111111111',
  signal: new AbortController().signal,
  clock: realClock,
  connection: ({ $target, connection }) => ({ target: $target, type: connection, settings: { url } }),
  progress: () => undefined,
  assertOwner: () => undefined,
  checkpoint: { load: () => undefined, save: async () => undefined },
})
