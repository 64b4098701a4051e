// What is known of one diagnostic code, for terminals and as Markdown. It prints nothing and reads nothing.

import type { CodeMeaning } from '../../language/index.ts'
import type { Json } from '../../values/index.ts'
import type { Example, Examples } from './examples.ts'

export interface CodePage extends CodeMeaning {
  readonly code: string
  /** What the code is about, such as runbooks. */
  readonly group: string
  /** Absent where only the world outside can draw it. */
  readonly examples?: Examples
}

const WIDTH = 100
const NO_EXAMPLE = 'There is no example: on a healthy machine nothing that one could write draws it.'
/** Characters of a line of an example that are shown. */
const MAX_LINE = 200

const shown = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)} …` : line))
    .join('\n')

export function pageAsText({ code, title, explanation, group, examples }: CodePage): string {
  const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ')
  const part = (heading: string, { files, session }: Example): readonly string[] => [
    '',
    `${heading}:`,
    ...files.flatMap(({ name, text }) => ['', indented(`── ${name}\n${shown(text)}`)]),
    '',
    indented(shown(session)),
  ]
  return [
    `${code}: ${title}`,
    `(${group})`,
    '',
    ...wrapped(explanation),
    ...(examples ? part('An example that is refused', examples.failing) : ['', NO_EXAMPLE]),
    ...(examples?.passing ? part('The same, put right', examples.passing) : []),
    '',
  ].join('\n')
}

export function pageAsMarkdown({ code, title, explanation, group, examples }: CodePage): string {
  const fenced = (language: string, text: string): readonly string[] => [`\`\`\`${language}`, shown(text), '```', '']
  const part = (heading: string, { files, session }: Example): readonly string[] => [
    `## ${heading}`,
    '',
    ...files.flatMap(({ name, text }) => [`\`${name}\`:`, '', ...fenced(languageOf(name), text)]),
    ...fenced('text', session),
  ]
  return `${[
    `# ${code}`,
    '',
    `${title}. *${group}*`,
    '',
    explanation.replaceAll('<', '\\<'),
    '',
    ...(examples ? part('An example that is refused', examples.failing) : [NO_EXAMPLE]),
    ...(examples?.passing ? part('The same, put right', examples.passing) : []),
  ]
    .join('\n')
    .trimEnd()}\n`
}

export const pageAsJson = ({ code, title, explanation, group, examples }: CodePage): Json => {
  const plain = ({ files, session }: Example): Json => ({
    files: Object.fromEntries(files.map((each) => [each.name, each.text])),
    session,
  })
  return {
    code,
    title,
    explanation,
    group,
    ...(examples ? { failing: plain(examples.failing) } : {}),
    ...(examples?.passing ? { passing: plain(examples.passing) } : {}),
  }
}

const languageOf = (name: string): string => (/\.ya?ml$/.test(name) ? 'yaml' : name.endsWith('.json') ? 'json' : 'text')

function wrapped(text: string): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
