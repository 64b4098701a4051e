// What the shell service of WinRM answers, as data. (MS-WSMV 3.1.4; faults: DSP0226 and MS-WSMV 2.2.4)
import { childNamed, type Element, parseXml } from '../../xml.ts'

export interface Received {
  readonly stdout: readonly Buffer[]
  readonly stderr: readonly Buffer[]
  /** Once the program has ended. */
  readonly exitCode?: number
}

export interface Fault {
  /** Of Windows, as the fault's details have it; absent where they do not. */
  readonly code?: number
  readonly message: string
}

/** What the body of the answer holds; the element that stands for the fault where it is one. Throws where it is no SOAP. */
export function bodyIn(text: string): Element | Fault {
  const body = childNamed(parseXml(text), 'Body')
  if (!body) throw new SyntaxError('there is no body')
  const fault = childNamed(body, 'Fault')
  return fault ? faultIn(fault) : body
}

function faultIn(fault: Element): Fault {
  const detail = within(fault, 'WSManFault')
  const code = Number(detail?.attributes.Code)
  const message = (within(fault, 'Message') ?? within(fault, 'Text'))?.text.trim()
  return { ...(detail && Number.isInteger(code) ? { code } : {}), message: message || 'the service gave no reason' }
}

/** Answers to Create name the shell in the reference to it, in its own description, or in both. */
export const shellIdIn = (body: Element): string | undefined =>
  (within(body, 'ShellId') ?? all(body, 'Selector').find(({ attributes }) => attributes.Name === 'ShellId'))?.text.trim()

export const commandIdIn = (body: Element): string | undefined => within(body, 'CommandId')?.text.trim()

export function receivedIn(body: Element): Received {
  const bytes = (name: string): readonly Buffer[] =>
    all(body, 'Stream').flatMap(({ attributes, text }) =>
      attributes.Name === name && text !== '' ? [Buffer.from(text, 'base64')] : [],
    )
  const state = within(body, 'CommandState')
  const isDone = state?.attributes.State?.endsWith('/CommandState/Done') === true
  const code = isDone ? childNamed(state, 'ExitCode')?.text : undefined
  return { stdout: bytes('stdout'), stderr: bytes('stderr'), ...(isDone ? { exitCode: Number(code ?? 0) } : {}) }
}

const all = (element: Element, name: string): readonly Element[] =>
  element.children.flatMap((child) => (child.name === name ? [child] : all(child, name)))

const within = (element: Element, name: string): Element | undefined => all(element, name)[0]
