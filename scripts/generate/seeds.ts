// docs/reference/seeds.md: what each vendor's text asks for, and which runbook, step and test keep it. Its source is docs/seeds/<pack>.yaml.
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readYaml, toJson } from '../../src/language/index.ts'

/** One sentence, rule, note or caution of a vendor's text. */
export interface SeedRow {
  /** The heading that it stands under. */
  readonly section: string
  /** What it asks for, in our words. */
  readonly says: string
  readonly runbook?: string
  /** Ids of steps of the runbook. */
  readonly steps?: readonly string[]
  /** `file: name of the test`. */
  readonly test: string
  readonly note?: string
}

/** Rows by pack, each in the order of the vendor's text. */
export function readSeeds(root: string): Readonly<Record<string, readonly SeedRow[]>> {
  const files = globSync('docs/seeds/*.yaml', { cwd: root }).toSorted()
  return Object.fromEntries(
    files.map((file) => {
      const { root: document, diagnostics } = readYaml(readFileSync(join(root, file), 'utf8'), file)
      if (!document || diagnostics.length > 0) throw new Error(`${file}: ${diagnostics.map(({ message }) => message).join('; ')}`)
      return [basename(file, '.yaml'), toJson(document) as unknown as readonly SeedRow[]]
    }),
  )
}

/** Lines of the page, for its maker to head. */
export function seedLines(
  seeds: Readonly<Record<string, readonly SeedRow[]>>,
  table: (head: readonly string[], rows: readonly (readonly string[])[]) => readonly string[],
): readonly string[] {
  return [
    'Holdfast began with four vendors’ texts on how their virtual machines are backed up. Each row is a sentence, rule, note or caution of one of them, in our words and in its order,',
    'with the runbook and steps that follow it and a test that fails when they do not. A runbook can be read beside the text with this page.',
    ...Object.entries(seeds).flatMap(([pack, rows]) => [
      '',
      `## ${pack}`,
      '',
      ...table(
        ['section', 'it says', 'runbook', 'steps', 'test'],
        rows.map(({ section, says, runbook, steps = [], test, note }) => [
          section,
          note === undefined ? says : `${says} *${note}*`,
          runbook === undefined ? '' : `[\`${runbook}\`](../../runbooks/${runbook}.runbook.yaml)`,
          steps.map((step) => `\`${step}\``).join(' '),
          testLink(test),
        ]),
      ),
    ]),
  ]
}

function testLink(test: string): string {
  const [file = '', ...name] = test.split(': ')
  return `[${name.join(': ')}](../../${file})`
}
