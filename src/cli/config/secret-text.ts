// The text of a secret that came as bytes, as files and programs give it: UTF-8, or none at all.

/** Without the line break at its end, and a byte order mark at its beginning; undefined where it is not UTF-8: read as that, two secrets could be one. */
export function secretText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
  } catch {
    return undefined
  }
}
