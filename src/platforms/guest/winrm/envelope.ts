// What the shell service of WinRM is asked, as texts of SOAP. It sends nothing. (MS-WSMV, "Web Services Management Protocol Extensions for
// Windows Vista", 3.1.4: Create, Command, Send, Receive, Signal, Delete)
import { escapeXml } from '../../xml.ts'
import type { CommandLine } from './command-line.ts'

export const SHELL = 'http://schemas.microsoft.com/wbem/wsman/1/windows/shell'
const TRANSFER = 'http://schemas.xmlsoap.org/ws/2004/09/transfer'
const ANONYMOUS = 'http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous'
/** Of an answer, bytes: what every version of the service takes. */
const MAX_ENVELOPE_BYTES = 153_600
/** The service answers by then, even where there is nothing to say. */
export const OPERATION_SECONDS = 20

export type Question =
  | { readonly kind: 'create' }
  | { readonly kind: 'command'; readonly shell: string; readonly line: CommandLine }
  | {
      readonly kind: 'send'
      readonly shell: string
      readonly command: string
      readonly bytes: Uint8Array
      readonly last: boolean
    }
  | { readonly kind: 'receive'; readonly shell: string; readonly command: string }
  | { readonly kind: 'terminate'; readonly shell: string; readonly command: string }
  | { readonly kind: 'delete'; readonly shell: string }

/** Output is UTF-8; standard input is a pipe; the program is started by itself and not by the command interpreter. */
const OPTIONS: Readonly<Partial<Record<Question['kind'], Readonly<Record<string, string>>>>> = {
  create: { WINRS_NOPROFILE: 'TRUE', WINRS_CODEPAGE: '65001' },
  command: { WINRS_CONSOLEMODE_STDIN: 'FALSE', WINRS_SKIP_CMD_SHELL: 'TRUE' },
}

const ACTIONS: Readonly<Record<Question['kind'], string>> = {
  create: `${TRANSFER}/Create`,
  command: `${SHELL}/Command`,
  send: `${SHELL}/Send`,
  receive: `${SHELL}/Receive`,
  terminate: `${SHELL}/Signal`,
  delete: `${TRANSFER}/Delete`,
}

/** `messageId` is a UUID. Throws `RangeError` where an argument holds what XML cannot carry. */
export function envelope(question: Question, url: string, messageId: string): string {
  const { kind } = question
  const header = [
    `<a:To>${escapeXml(url)}</a:To>`,
    `<a:ReplyTo><a:Address s:mustUnderstand="true">${ANONYMOUS}</a:Address></a:ReplyTo>`,
    `<a:Action s:mustUnderstand="true">${ACTIONS[kind]}</a:Action>`,
    `<a:MessageID>uuid:${messageId}</a:MessageID>`,
    `<w:ResourceURI s:mustUnderstand="true">${SHELL}/cmd</w:ResourceURI>`,
    `<w:MaxEnvelopeSize s:mustUnderstand="true">${MAX_ENVELOPE_BYTES}</w:MaxEnvelopeSize>`,
    '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/><p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>',
    `<w:OperationTimeout>PT${OPERATION_SECONDS}S</w:OperationTimeout>`,
    'shell' in question
      ? `<w:SelectorSet><w:Selector Name="ShellId">${escapeXml(question.shell)}</w:Selector></w:SelectorSet>`
      : '',
    optionSet(OPTIONS[kind] ?? {}),
  ].join('')
  return `<s:Envelope ${NAMESPACES}><s:Header>${header}</s:Header><s:Body>${bodyOf(question)}</s:Body></s:Envelope>`
}

const NAMESPACES = [
  'xmlns:s="http://www.w3.org/2003/05/soap-envelope"',
  'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"',
  'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"',
  'xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"',
  `xmlns:rsp="${SHELL}"`,
].join(' ')

function optionSet(options: Readonly<Record<string, string>>): string {
  const each = Object.entries(options).map(([name, value]) => `<w:Option Name="${name}">${value}</w:Option>`)
  return each.length === 0 ? '' : `<w:OptionSet s:mustUnderstand="true">${each.join('')}</w:OptionSet>`
}

function bodyOf(question: Question): string {
  switch (question.kind) {
    case 'create':
      return '<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>'
    case 'command': {
      const { program, rest } = question.line
      const args = rest === '' ? '' : `<rsp:Arguments>${escapeXml(rest)}</rsp:Arguments>`
      return `<rsp:CommandLine><rsp:Command>${escapeXml(program)}</rsp:Command>${args}</rsp:CommandLine>`
    }
    case 'send': {
      const { command, bytes, last } = question
      const end = last ? ' End="true"' : ''
      const text = Buffer.from(bytes).toString('base64')
      return `<rsp:Send><rsp:Stream Name="stdin" CommandId="${escapeXml(command)}"${end}>${text}</rsp:Stream></rsp:Send>`
    }
    case 'receive':
      return `<rsp:Receive><rsp:DesiredStream CommandId="${escapeXml(question.command)}">stdout stderr</rsp:DesiredStream></rsp:Receive>`
    case 'terminate':
      return `<rsp:Signal CommandId="${escapeXml(question.command)}"><rsp:Code>${SHELL}/signal/terminate</rsp:Code></rsp:Signal>`
    case 'delete':
      return ''
    default:
      return question satisfies never
  }
}
