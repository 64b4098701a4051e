// The few elements of S3's answers that are looked at. Keys are asked for URL-encoded, as XML cannot hold every one.

const REFERENCES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** The content of each element of that name, in order: text, or the elements inside. Elements of one name do not nest in these answers. */
export const contentsOf = (xml: string, name: string): readonly string[] =>
  [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([^]*?)</${name}>`, 'g'))].map(([, content = '']) => content)

export const textOf = (xml: string, name: string): string | undefined =>
  contentsOf(xml, name)[0]?.replace(/&(amp|lt|gt|quot|apos);/g, (_, reference: string) => REFERENCES[reference] ?? '')
