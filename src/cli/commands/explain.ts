// `holdfast explain`: what a diagnostic code means, with an example that draws it and one that does not; without a code, all of them.
import { didYouMean } from '../../diagnostics/index.ts'
import { codeGroups, codeMeanings } from '../code-meanings.ts'
import { codeNotFound } from '../codes.ts'
import type { RunCommand } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { type CodePage, examplesOf, pageAsJson, pageAsMarkdown, pageAsText } from '../explain/index.ts'
import type { Host } from '../host.ts'
import { Refusal } from '../refusal.ts'
import { table } from '../views/index.ts'

interface Options {
  readonly format: 'text' | 'json' | 'markdown'
}

export const run: RunCommand<[code: string | undefined], Options> = async (host, { format }, code) => {
  host.stdout.write(code === undefined ? allCodes(format) : printed(pageOf(host, code), format))
  return EXIT.done
}

/** Throws Refusal. */
function pageOf(host: Host, name: string): CodePage {
  const code = name.toUpperCase()
  const group = codeGroups.find(({ codes }) => Object.hasOwn(codes, code))
  const meaning = group?.codes[code]
  const examples = examplesOf(code, host.examplesDirectory)
  if (!group || !meaning) throw new Refusal([codeNotFound(name, didYouMean(code, Object.keys(codeMeanings)))])
  return { code, ...meaning, group: group.title, ...(examples ? { examples } : {}) }
}

function printed(page: CodePage, format: Options['format']): string {
  switch (format) {
    case 'text':
      return pageAsText(page)
    case 'markdown':
      return pageAsMarkdown(page)
    case 'json':
      return `${JSON.stringify(pageAsJson(page), undefined, 2)}\n`
    default:
      return format satisfies never
  }
}

function allCodes(format: Options['format']): string {
  switch (format) {
    case 'text':
      return `${codeGroups.map(({ title, codes }) => `${title}\n\n${table(rowsOf(codes))}`).join('\n')}\n\`holdfast explain CODE\` tells more about one.\n`
    case 'markdown':
      return codeGroups
        .map(
          ({ title, codes }) =>
            `## ${title}\n\n${rowsOf(codes)
              .map(([code, what]) => `- \`${code}\`: ${what}\n`)
              .join('')}`,
        )
        .join('\n')
    case 'json':
      return `${JSON.stringify(
        codeGroups.map(({ title, codes }) => ({ title, codes })),
        undefined,
        2,
      )}\n`
    default:
      return format satisfies never
  }
}

const rowsOf = (codes: (typeof codeGroups)[number]['codes']): readonly (readonly [string, string])[] =>
  Object.entries(codes).map(([code, { title }]) => [code, title] as const)
