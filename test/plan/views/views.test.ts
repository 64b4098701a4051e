import fc from 'fast-check'
import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { type Plan, planAsHtml, planAsMarkdown, planAsMermaid, planAsText } from '../../../src/plan/index.ts'
import { anyPlan } from './any-plan.ts'
import { mermaidComplaint, readPage } from './judges.ts'
import { sample, step } from './sample.ts'

const text = (plan: Plan, width: number, more = {}): string => planAsText(plan, { width, colour: false, ...more })
const runs = { numRuns: 60 }

/** Where a plan quotes what a platform says: the name of a VM, a message, an id. */
const quoting = (name: string): Plan => ({
  ...sample,
  title: name,
  inputs: { [name]: name },
  locks: [name],
  steps: [
    step(`vms[${encodeURIComponent(name.toWellFormed())}]/copy`, {
      title: name,
      action: name,
      effect: 'mutate',
      lock: name,
      input: { [name]: name },
      affects: [{ kind: 'vm', id: name, name }],
      requests: [
        {
          purpose: 'call',
          target: name,
          method: 'GET',
          path: `/${name}`,
          query: { [name]: name },
          headers: {},
          body: { [name]: name },
        },
      ],
    }),
  ],
})

describe('the text of a plan', () => {
  it('has no line wider than the terminal, for widths from 40 on, whatever is named how', () => {
    fc.assert(
      fc.property(anyPlan, fc.integer({ min: 40, max: 140 }), fc.boolean(), (plan, width, all) => {
        const lines = text(plan, width, { requests: all, unwind: all, items: all }).split('\n')
        expect(lines.filter((line) => stringWidth(line) > width)).toEqual([])
      }),
      runs,
    )
  })

  it('is as wide with colours as without, and says the same', () => {
    fc.assert(
      fc.property(anyPlan, fc.integer({ min: 60, max: 120 }), (plan, width) => {
        const coloured = planAsText(plan, { width, colour: true })
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are what is taken away
        expect(coloured.replaceAll(/\u001b\[[\d;]*m/g, '')).toBe(text(plan, width))
      }),
      runs,
    )
  })

  it('lets no name steer the terminal', () => {
    const said = text(quoting('\u001b]0;owned\u0007\u001b[2J\r\n\u202egnp'), 80)
    expect(said).not.toMatch(/[^\P{Cc}\n]|\u202e/u)
    expect(said).toContain('�')
  })

  it('measures wide characters as terminals do', () => {
    const lines = text(quoting('財務サーバー本番環境の仮想マシン複製用データ保管領域'), 60).split('\n')
    expect(lines.filter((line) => stringWidth(line) > 60)).toEqual([])
    expect(lines.some((line) => line.length < 40 && stringWidth(line) > 50)).toBe(true)
  })

  it('puts the facts on the first screen of 80 columns, before the tree', () => {
    const lines = text({ ...sample, reads: [] }, 80).split('\n')
    expect(lines.indexOf('', lines.indexOf('') + 1)).toBeLessThan(33)
  })

  it('shows what would be released only where that changes, unless asked to show it after every step', () => {
    const count = (said: string): number => said.split('if it died here').length - 1
    expect(count(text(sample, 120))).toBeLessThan(count(text(sample, 120, { unwind: true })))
  })

  it('tells items that are alike once, unless asked for every item', () => {
    expect(text(sample, 120)).toContain('the same steps for 3 more: erp-app (vm-8), erp-web (vm-9), 財務サーバー (vm-10)')
    expect(text(sample, 120, { items: true })).toContain('session of 財務サーバー')
  })
})

describe('the Markdown of a plan', () => {
  it('never throws, and keeps every row of a table whole', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const lines = planAsMarkdown(plan).split('\n')
        let columns = 0
        let fence: string | undefined
        for (const line of lines) {
          const [mark] = /^`{3,}/.exec(line) ?? []
          if (fence === undefined && mark !== undefined) fence = mark
          else if (fence !== undefined && line === fence) fence = undefined
          if (fence !== undefined || !line.startsWith('| ')) {
            columns = 0
            continue
          }
          const here = line.split(/(?<!\\)(?:\\\\)*\|/).length
          expect(columns === 0 || here === columns, line).toBe(true)
          columns = here
        }
        expect(fence).toBeUndefined()
      }),
      runs,
    )
  })

  it('lets no name become markup', () => {
    const said = planAsMarkdown(quoting('</details><script>alert(1)</script> | `x` **b** [l](u) $m$ @all #1'))
    const outside = said.replaceAll(/(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '')
    expect(outside).not.toMatch(/(?<!\\)<script|(?<!\\)\*\*b/)
  })
})

describe('the flowchart of a plan', () => {
  it('is Mermaid, says the parser of Mermaid, which refuses a broken one', { timeout: 60_000 }, async () => {
    expect(await mermaidComplaint(planAsMermaid(sample))).toBeUndefined()
    expect(await mermaidComplaint('flowchart TB\n  a["open\n')).toBeDefined()
    await fc.assert(
      fc.asyncProperty(anyPlan, async (plan) => {
        expect(await mermaidComplaint(planAsMermaid(plan))).toBeUndefined()
      }),
      { numRuns: 25 },
    )
  })
})

describe('the page of a plan', () => {
  const allowed =
    /^(html|head|meta|title|style|body|header|main|footer|section|h1|h2|p|code|ul|ol|li|b|i|span|strong|div|table|thead|tbody|tr|th|td|details|summary|pre|figure|figcaption|svg|defs|pattern|rect|line)$/

  it('is well-formed HTML, with no script, no handler, no address, whatever is named how', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const { errors, elements } = readPage(planAsHtml(plan))
        expect(errors).toEqual([])
        expect(elements.filter(({ name }) => !allowed.test(name))).toEqual([])
        const attributes = elements.flatMap((each) => Object.keys(each.attributes))
        expect(attributes.filter((name) => /^on|^style$|^href$|^src$|^action$/.test(name))).toEqual([])
      }),
      runs,
    )
  })

  it('is judged by a parser that finds faults', () => {
    expect(readPage('<!doctype html><p><b>x</p>&nope;<x a=1 a=2>').errors.length).toBeGreaterThan(0)
  })

  it('allows itself nothing but its own style', async () => {
    const html = planAsHtml(sample)
    const policy = readPage(html).elements.find(({ attributes }) => attributes['http-equiv'] === 'Content-Security-Policy')
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? ''
    const hash = Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style))).toString('base64')
    expect(policy?.attributes.content).toBe(`default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`)
    expect(style).not.toMatch(/url\(|@import|https?:/)
  })

  it('has landmarks, one heading of the first rank, a language, and heads for every column and row', () => {
    const { elements } = readPage(planAsHtml(sample))
    const names = elements.map(({ name }) => name)
    for (const landmark of ['header', 'main', 'footer', 'h1']) expect(names.filter((name) => name === landmark)).toHaveLength(1)
    expect(elements.find(({ name }) => name === 'html')?.attributes.lang).toBe('en')
    expect(elements.filter(({ name, attributes }) => name === 'th' && !/^(col|row)$/.test(attributes.scope ?? ''))).toEqual([])
    const ids = new Set(elements.flatMap(({ attributes }) => attributes.id ?? []))
    expect(
      elements.filter(({ name, attributes }) => name === 'section' && !ids.has(attributes['aria-labelledby'] ?? '')),
    ).toEqual([])
    expect(
      elements.filter(
        ({ name, attributes }) => name === 'svg' && attributes['aria-hidden'] !== 'true' && attributes.class !== 'limit',
      ),
    ).toEqual([])
  })

  it('draws the freeze with what is allowed, the lease with its renewals, and the approval as a gate', () => {
    const html = planAsHtml(sample)
    expect(html).toContain('frozen ≤ 45s of 1m')
    expect(html).toContain('url(#hatch)')
    expect(html).toMatch(/class="rail leased"/)
    expect(html.split('class="tick"').length - 1).toBeGreaterThan(3)
    expect(html).toContain('class="gate"')
  })
})

it('P11: no view shows what a secret mark stands for, and none shows another text in its place', () => {
  const marked = 'mark-of-a-secret'
  const plan: Plan = {
    ...sample,
    inputs: { password: { $secret: marked } },
    steps: [
      step('whole', { action: 'a/b', input: { $secret: marked } }),
      step('x', {
        action: 'a/b',
        input: { password: { $secret: marked }, list: [{ $secret: marked }] },
        requests: [
          {
            purpose: 'call',
            target: 't',
            method: 'POST',
            path: '/',
            query: { p: { $secret: marked } },
            headers: { h: { $secret: marked } },
            body: { deep: [{ $secret: marked }] },
          },
        ],
      }),
    ],
  }
  for (const said of [text(plan, 120, { requests: true }), planAsMarkdown(plan), planAsMermaid(plan), planAsHtml(plan)]) {
    expect(said).not.toContain(marked)
  }
  expect(text(plan, 120, { requests: true }).split('‹secret›').length - 1).toBeGreaterThan(4)
})
