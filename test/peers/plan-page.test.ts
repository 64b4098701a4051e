// The page of a plan in a real browser: it fits every width, obeys its own policy, can be read in both schemes and on paper.
// HOLDFAST_PICTURES=<folder> keeps the pictures, to be looked at.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Plan, planAsHtml, planAsMermaid } from '../../src/plan/index.ts'
import { sample } from '../plan/views/sample.ts'
import { type Browser, type Look, startBrowser } from './browser.ts'
import { peer } from './peer.ts'

const CASES = join(import.meta.dirname, '../cases/plans')
const MERMAID = join(import.meta.dirname, '../../node_modules/mermaid/dist/mermaid.min.js')

const LOOKS: Readonly<Record<string, Look>> = {
  light: { width: 1100, height: 900 },
  dark: { width: 1100, height: 900, scheme: 'dark' },
  tablet: { width: 700, height: 900 },
  phone: { width: 390, height: 800 },
  'small phone': { width: 320, height: 640, scheme: 'dark' },
}

/** Names without a place to break, and more depth than anyone writes. */
const UNBREAKABLE: Plan = JSON.parse(
  JSON.stringify(sample)
    .replaceAll('erp-db', 'x'.repeat(300))
    .replaceAll('/groups/', `/${'y'.repeat(300)}/`),
) as Plan

const pages: Readonly<Record<string, () => string>> = {
  ...Object.fromEntries(
    readdirSync(CASES).map((name) => [
      name,
      () => planAsHtml(JSON.parse(readFileSync(join(CASES, name, 'plan.json'), 'utf8')) as Plan),
    ]),
  ),
  unbreakable: () => planAsHtml(UNBREAKABLE),
  hostile: () =>
    planAsHtml({
      ...sample,
      title: '</title></style><script>document.title = "owned"</script><img src=http://127.0.0.1:9/x onerror=alert(1)>',
    }),
}

/** Texts whose contrast with what is behind them is less than WCAG 2.2 asks for (1.4.3). */
const FAINT_TEXTS = `(() => {
  const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number)
  const light = ([r, g, b]) => { const f = (c) => { const s = c / 255; return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4 }; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b) }
  const behind = (element) => { for (let at = element; at; at = at.parentElement) { const c = channels(getComputedStyle(at).backgroundColor); if (c.length >= 3 && (c[3] ?? 1) === 1) return c } return [255, 255, 255] }
  const faint = []
  for (const element of document.body.querySelectorAll('*')) {
    if (element.closest('svg') || ![...element.childNodes].some((node) => node.nodeType === 3 && node.nodeValue.trim() !== '')) continue
    const [a, b] = [light(channels(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x)
    if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(element.textContent.trim().slice(0, 40))
  }
  return faint
})()`

const there = peer('chromium', 'chromium')

describe.skipIf(!there)('the page of a plan in Chromium', () => {
  let browser: Browser
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-pages-'))
    browser = await startBrowser('chromium')
  })
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const open = async (name: string, html: string, look: Look): Promise<string> => {
    const file = join(folder, `${name}.html`)
    writeFileSync(file, html)
    await browser.open(file, look)
    return `file://${file}`
  }

  test.each(Object.keys(pages))('%s fits every width, asks for nothing, breaks no policy, and can be read', async (name) => {
    const html = pages[name]?.() ?? ''
    for (const [looks, look] of Object.entries(LOOKS)) {
      const address = await open(name, html, look)
      expect(await browser.ask('document.documentElement.scrollWidth'), `${name}, ${looks}`).toBeLessThanOrEqual(look.width)
      expect(await browser.ask<string[]>(FAINT_TEXTS), `${name}, ${looks}`).toEqual([])
      expect(browser.requested).toEqual([address])
      expect(browser.complaints).toEqual([])
    }
    expect(await browser.ask('document.title')).toMatch(/^Plan of /)
  })

  test('the judge of widths and of contrast, and the ear for complaints, notice what is wrong', async () => {
    const wrong =
      '<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">'
    await open(
      'wrong',
      `${wrong}<style>p { width: 2000px; color: #999; background: #fff }</style><p>faint</p><script>1</script>`,
      { width: 390, height: 800 },
    )
    expect(await browser.ask('document.documentElement.scrollWidth')).toBeGreaterThan(390)
    expect(await browser.ask(FAINT_TEXTS)).toEqual(['faint'])
    expect(browser.complaints.join()).toContain('Content Security Policy')
  })

  test('tells at a step, for the mouse and for the keyboard, what would be released if it died there', async () => {
    await open('tips', planAsHtml(sample), { width: 1100, height: 900 })
    const shown =
      "[...document.querySelectorAll('.tip')].filter((tip) => getComputedStyle(tip).display !== 'none').map((tip) => tip.innerText.replaceAll('\\n', ' '))"
    expect(await browser.ask(shown)).toEqual([])
    await browser.ask(
      "[...document.querySelectorAll('.chart li[tabindex]')].find((row) => row.innerText.includes('Lease a VM')).focus()",
    )
    expect(await browser.ask(shown)).toEqual(['If it died here, released in this order: session of erp-db snap'])
  })

  test('prints every request, though its step is folded on the screen', async () => {
    await open('paper', planAsHtml(sample), { width: 1100, height: 900 })
    const seen = "document.querySelector('pre').checkVisibility()"
    expect(await browser.ask(seen)).toBe(false)
    await open('paper', planAsHtml(sample), { width: 1100, height: 900, media: 'print' })
    expect(await browser.ask(seen)).toBe(true)
    const paper = await browser.paper()
    expect(paper.subarray(0, 5).toString()).toBe('%PDF-')
    keep('paper.pdf', paper)
  })

  test('is drawn in light and in dark, wide and narrow', async () => {
    const pictures = new Map<string, Buffer>()
    for (const [looks, look] of Object.entries(LOOKS)) {
      await open('picture', planAsHtml(sample), look)
      const picture = await browser.picture(true)
      pictures.set(looks, picture)
      keep(`${looks}.png`, picture)
    }
    await open('picture', planAsHtml(sample), { width: 900, height: 760 })
    await browser.ask("document.querySelector('#timeline').scrollIntoView()")
    keep('plan-timeline.png', await browser.picture(false))
    expect(pictures.get('light')?.equals(pictures.get('dark') ?? Buffer.alloc(0))).toBe(false)
  })

  test('the flowchart is drawn by Mermaid, with every label as it was meant', async () => {
    const hostile = {
      ...sample,
      steps: sample.steps.map((step) =>
        step.id === 'group' ? { ...step, title: '1. <b>x</b> "q" `c` #35; %%{init}%% *i*' } : step,
      ),
    }
    const file = join(folder, 'flowchart.html')
    const text = planAsMermaid(hostile).replaceAll('&', '&amp;').replaceAll('<', '&lt;')
    writeFileSync(
      file,
      `<!doctype html><meta charset="utf-8"><pre id="text">${text}</pre><div id="drawn"></div><script src="file://${MERMAID}"></script>`,
    )
    await browser.open(file, { width: 1000, height: 900 })
    const said = await browser.ask<string>(`(async () => {
      mermaid.initialize({ startOnLoad: false })
      const { svg } = await mermaid.render('plan', document.querySelector('#text').textContent)
      document.querySelector('#text').remove()
      document.querySelector('#drawn').innerHTML = svg
      return document.querySelector('#drawn').textContent
    })()`)
    expect(said).toContain('1. <b>x</b> "q" `c` #35; %%{init}%% *i*')
    expect(said).toContain('財務サーバー')
    keep('flowchart.png', await browser.picture(true))
  })
})

function keep(name: string, content: Buffer): void {
  const folder = process.env.HOLDFAST_PICTURES
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), content)
}
