// The outcome of a mutation test for people: counts by corruption and by kind of token, and each survivor with the reason.
import { CORRUPTIONS } from './corrupt.ts'
import { type Judged, type Outcome, shareCaught } from './judge.ts'
import type { TokenClass } from './tokens.ts'

export function asText({ judged, equivalent }: Outcome, seed: number, all: boolean): string {
  const told = judged.filter(({ caught }) => all || !caught)
  return [
    `seed ${seed}: ${judged.length} mutants; ${equivalent} more draws changed nothing that a run could tell`,
    ...tables(judged).flatMap(({ title, rows }) => [
      '',
      `by ${title}`,
      ...rows.map(
        ({ name, caught, of, share }) =>
          `${name.padEnd(12)} ${String(caught).padStart(5)} of ${String(of).padStart(4)}  ${share.padStart(4)}`,
      ),
    ]),
    '',
    `caught: ${judged.filter(({ caught }) => caught).length} of ${judged.length}, ${shareCaught(judged).toFixed(1)} %`,
    ...told.map(
      (each) => `${each.code ?? 'survives'}  ${placeOf(each)}  ${changeOf(each)}${each.caught ? '' : `  (${reasonOf(each)})`}`,
    ),
  ].join('\n')
}

export function asMarkdown({ judged, equivalent }: Outcome, seed: number, runbooks: number): string {
  const caught = judged.filter((each) => each.caught)
  const survivors = judged.filter((each) => !each.caught)
  return [
    '<!-- Generated: npm run mutate -- --write -->',
    '# What check catches',
    '',
    `Single tokens of the ${runbooks} shipped runbooks are spoiled at random, and \`check\` must notice before anything runs. A token is a word, a number, a`,
    'text, a sign or an indentation, of the YAML or of an expression; each is as likely as any other, and so is each way to spoil it: delete it, write it',
    'twice, hit the key beside one of its letters, or put another token of its kind from the same file in its place. Draws that change nothing that a run',
    'could tell (comments, wording for people, doubled brackets) are recognised by comparing what was parsed, and drawn anew.',
    '',
    `**${caught.length} of ${judged.length} are caught: ${shareCaught(judged).toFixed(1)} %.** Seed ${seed}; ${equivalent} draws changed nothing. \`npm run mutate -- --seed 2 --count 1000\` tries others.`,
    ...tables(judged).flatMap(({ title, rows }) => [
      '',
      `| ${title} | caught | of | |`,
      '| --- | ---: | ---: | ---: |',
      ...rows.map(({ name, caught, of, share }) => `| ${name} | ${caught} | ${of} | ${share} |`),
    ]),
    '',
    '## What is not caught, and why',
    '',
    '| where | change | why |',
    '| --- | --- | --- |',
    ...survivors.map((each) => `| ${placeOf(each)} | ${changeOf(each).replaceAll('|', '\\|')} | ${reasonOf(each)} |`),
    '',
  ].join('\n')
}

interface Row {
  readonly name: string
  readonly caught: number
  readonly of: number
  readonly share: string
}

function tables(judged: readonly Judged[]): readonly { readonly title: string; readonly rows: readonly Row[] }[] {
  const classes = [...new Set(judged.map(({ mutant }) => mutant.class))].toSorted()
  return [
    {
      title: 'corruption',
      rows: CORRUPTIONS.map((name) =>
        row(
          name,
          judged.filter(({ mutant }) => mutant.corruption === name),
        ),
      ),
    },
    {
      title: 'token',
      rows: classes.map((name) =>
        row(
          name,
          judged.filter(({ mutant }) => mutant.class === name),
        ),
      ),
    },
  ]
}

const row = (name: string, those: readonly Judged[]): Row => ({
  name,
  caught: those.filter(({ caught }) => caught).length,
  of: those.length,
  share: `${shareCaught(those).toFixed(0)} %`,
})

const placeOf = ({ mutant, line }: Judged): string => `${mutant.file}:${line}`

const changeOf = ({ mutant: { corruption, class: kind, from, to } }: Judged): string =>
  `${corruption} ${kind} \`${from}\` → ${to === '' ? 'nothing' : `\`${to}\``}`

const reasonOf = ({ mutant }: Judged): string => REASONS[mutant.class]

/** By the kind of token: why what remains of these is a runbook as good as any to whoever does not know what was meant. */
const REASONS: Readonly<Record<TokenClass, string>> = {
  id: 'nothing refers to this id, so any name will do',
  key: 'the name of a result, or a key of a map that its schema leaves open',
  name: 'a name that exists too, or the runbook’s own',
  version: 'any version is as good as another',
  number: 'another number that the schema allows',
  duration: 'another duration that is allowed',
  string: 'text of which the schemas say nothing more',
  word: 'another word that is allowed',
  wording: 'wording for people',
  reference: 'another value of the right type, or a part of a map that its schema leaves open',
  function: 'another function that takes and yields the right types',
  operator: 'another expression of the right type',
  bracket: 'another expression of the right type, or text where any text is allowed',
  sign: 'becomes part of a text or of a key that may be anything',
  indent: 'another structure that is allowed',
  comment: 'a comment',
}
